package cold

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

//go:embed program/hello.c
var source []byte

// sourceInGo stands in for it where there is no compiler for C.
const sourceInGo = "package main\n\nimport \"os\"\n\nfunc main() { os.Stdout.WriteString(\"hello\\n\") }\n"

// FindSubjects finds what the subjects are set against: the interpreters that the
// node's containers have, and programs built or laid out in the folder of
// WriteFunctions. A subject that can't be had here is left out, with a note.
func FindSubjects(ctx context.Context, n nodeservicepb.NodeServiceClient, folder string, names []string) (subjects []Subject, notes []string, err error) {
	node := &node{NodeServiceClient: n}
	p := programs{native: NativeProgram(folder)}
	for _, name := range names {
		var missing error
		switch name {
		case Python, PythonImports:
			p.python, missing, err = node.interpreter(ctx, name)
		case Node:
			p.node, missing, err = node.interpreter(ctx, name)
		case Wasm:
			p.static, p.builder, missing = buildStatic(ctx, folder)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("find %s: %w", name, err)
		}
		if missing != nil {
			notes = append(notes, fmt.Sprintf("%s is left out: %v", name, missing))
			continue
		}
		subjects = append(subjects, p.subject(name))
	}
	if len(subjects) == 0 {
		return nil, nil, fmt.Errorf("nothing can be started here: %v", notes)
	}
	return subjects, notes, nil
}

// NativeProgram is the program of Native in the folder of WriteFunctions.
func NativeProgram(folder string) string {
	return filepath.Join(folder, "cold-"+Native, subjectCode[Native].file)
}

// interpreter asks a container of the subject. missing says that the node has none.
func (n *node) interpreter(ctx context.Context, name string) (path string, missing, err error) {
	s, err := n.start(ctx, functionName(name, 0))
	err = errors.Join(err, n.remove(ctx, s))
	if status.Code(err) == codes.FailedPrecondition {
		return "", err, nil
	}
	if err != nil {
		return "", nil, err
	}
	if json.Unmarshal(s.answer, &path) != nil {
		path = string(s.answer)
	}
	return path, nil, nil
}

// buildStatic builds the static program, and says what has built it.
func buildStatic(ctx context.Context, folder string) (program, builder string, err error) {
	program = filepath.Join(folder, "static-hello")
	inC, inGo := program+".c", program+".go"
	if err := errors.Join(os.WriteFile(inC, source, 0o644), os.WriteFile(inGo, []byte(sourceInGo), 0o644)); err != nil {
		return "", "", err
	}
	var said []error
	for _, c := range [][]string{
		{"gcc", "-O2", "-static", "-o", program, inC},
		{"clang", "-O2", "-static", "-o", program, inC},
		{"go", "build", "-o", program, inGo},
	} {
		command := exec.CommandContext(ctx, c[0], c[1:]...)
		command.Dir = folder
		command.Env = slices.Concat(os.Environ(), []string{"CGO_ENABLED=0", "GOWORK=off"})
		out, err := command.CombinedOutput()
		if err == nil {
			return program, c[0], nil
		}
		said = append(said, fmt.Errorf("%s: %w %.200s", c[0], err, out))
	}
	return "", "", fmt.Errorf("its static program cannot be built; install gcc: %w", errors.Join(said...))
}
