package cold

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"

	"github.com/minifaas/minifaas/internal/function"
)

// Subject is what is started: functions of one runtime, all with the same code, and
// the same program by itself.
type Subject struct {
	// Name is that of the runtime, or says what is special.
	Name string
	// BareName says what the bare start is.
	BareName string
	Bare     Bare
}

// Bare starts a program by itself, and returns when it has answered or ended,
// whichever tells that it has started. end waits until it has ended, too.
type Bare func(ctx context.Context) (end func() error, err error)

// Names of the subjects.
const (
	Python        = function.Python3
	PythonImports = "python3-imports"
	Node          = function.NodeJS
	Native        = function.Native
	Wasm          = function.Wasm
)

// Names are all of them.
var Names = []string{Python, PythonImports, Node, Native, Wasm}

// Memory is that of each container, in bytes: its share of CPU, a third of a core,
// does not slow the first call of a function that says hello.
const Memory = 512 << 20

// function is the name of one of the subject's functions.
func (s Subject) function(n int) string { return functionName(s.Name, n) }

func functionName(subject string, n int) string { return fmt.Sprintf("%s-%d", subject, n) }

// imports are the modules of PythonImports.
const imports = "json, asyncio, urllib.request, ssl"

// programs are how subjects start by themselves.
type programs struct {
	python, node string // interpreters
	native       string // the program of Native
	static       string // the program of Wasm, for this machine
	builder      string // what has built that
}

// subject is the one of that name.
func (p programs) subject(name string) Subject {
	s := Subject{Name: name}
	switch name {
	case Python:
		s.BareName, s.Bare = "python3 -c pass", runs(p.python, "-c", "pass")
	case PythonImports:
		s.BareName, s.Bare = "python3 -c 'import …'", runs(p.python, "-c", "import "+imports)
	case Node:
		s.BareName, s.Bare = "node -e 0", runs(p.node, "-e", "0")
	case Native:
		s.BareName, s.Bare = "the same program", answerOnce(p.native)
	case Wasm:
		s.BareName, s.Bare = "static, by "+p.builder, runs(p.static)
	}
	return s
}

// environment of programs that are started by themselves: that of a sandbox.
var environment = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/tmp", "LANG=C.UTF-8"}

// runs starts a program that ends by itself.
func runs(path string, args ...string) Bare {
	return func(ctx context.Context) (end func() error, err error) {
		command := exec.CommandContext(ctx, path, args...)
		command.Env = environment
		var said bytes.Buffer
		command.Stderr = &said
		if err := command.Run(); err != nil {
			return nil, fmt.Errorf("%s: %w: %s", path, err, bytes.TrimSpace(said.Bytes()))
		}
		return func() error { return nil }, nil
	}
}
