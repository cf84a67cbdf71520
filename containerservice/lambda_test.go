package containerservice_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// lambdaProgram is a program for AWS Lambda: nothing in it knows of minifaas.
const lambdaProgram = `package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type order struct {
	Item  string
	Count int
}

func handle(ctx context.Context, o order) (map[string]any, error) {
	fmt.Println("ordering", o.Item)
	lc, _ := lambdacontext.FromContext(ctx)
	switch {
	case o.Count < 0:
		return nil, errors.New("negative count")
	case o.Count == 0:
		panic("nothing to do")
	}
	return map[string]any{"item": o.Item, "total": o.Count * 2, "id": lc.AwsRequestID, "memory": lambdacontext.MemoryLimitInMB}, nil
}

func main() { lambda.Start(handle) }
`

// buildLambda builds the program with AWS's own library, in a module of its own.
func buildLambda(t *testing.T) string {
	if testing.Short() {
		t.Skip("downloads a module")
	}
	src, out := t.TempDir(), t.TempDir()
	for name, content := range map[string]string{"main.go": lambdaProgram, "go.mod": "module order\n\ngo 1.24\n"} {
		if err := os.WriteFile(filepath.Join(src, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	run := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = src
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=mod")
		b, err := cmd.CombinedOutput()
		return string(b), err
	}
	if msg, err := run("get", "github.com/aws/aws-lambda-go@v1.49.0"); err != nil {
		t.Skipf("no aws-lambda-go from the module proxy: %v: %s", err, msg)
	}
	if msg, err := run("build", "-o", filepath.Join(out, "bootstrap"), "."); err != nil {
		t.Fatalf("build: %v: %s", err, msg)
	}
	return out
}

func TestLambdaProgramRunsUnchanged(t *testing.T) {
	req := function(t, "custom", "", nil)
	req.CodeDir = buildLambda(t)
	a := load(t, req)
	r := a.answers(t, `{"Item":"tea","Count":21}`, `{"id":"r1","item":"tea","memory":128,"total":42}`)
	if r.FunctionLog != "ordering tea\n" {
		t.Errorf("log: %q", r.FunctionLog)
	}
	if e := a.invoke(t, `{"Count":-1}`).Error; e.Type != "errorString" || e.Message != "negative count" {
		t.Errorf("error: %v", e)
	}
	// The library ends the process after a panic.
	if e := a.invoke(t, `{"Count":0}`).Error; e.Message != "nothing to do" || !strings.Contains(e.StackTrace, "handle") {
		t.Errorf("panic: %v", e)
	}
	a.answers(t, `{"Item":"tea","Count":1}`, `{"id":"r1","item":"tea","memory":128,"total":2}`)
}
