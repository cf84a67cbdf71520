package linux

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// shutIn are functions, by runtime, that run testdata/escape.sh and say what it said.
var shutIn = map[string]struct{ handler, file, code string }{
	function.Python3: {
		"main.handler", "main.py",
		"import subprocess\ndef handler(e, c): return subprocess.run('/var/task/escape.sh', stdout=-1).stdout\n",
	},
	function.NodeJS: {
		"main.handler", "main.js",
		"exports.handler = () => require('child_process').execFileSync('/var/task/escape.sh', { stdio: ['ignore', 'pipe', 'ignore'] });\n",
	},
	function.Binary: {"escape.sh", "", ""},
	function.Custom: {
		"bootstrap", "bootstrap",
		`#!/usr/bin/python3
import http.client, os, subprocess
host = os.environ["AWS_LAMBDA_RUNTIME_API"]
while True:
    api = http.client.HTTPConnection(host)
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    call = api.getresponse()
    call.read()
    said = subprocess.run("/var/task/escape.sh", stdout=-1).stdout
    api.request("POST", f"/2018-06-01/runtime/invocation/{call.headers['Lambda-Runtime-Aws-Request-Id']}/response", said)
    api.getresponse().read()
`,
	},
}

// TestEveryRuntimeIsShutIn: whatever starts a function's programs, they can't get out.
// TestEscape tries harder, from a native one; a module of WebAssembly has no programs.
func TestEveryRuntimeIsShutIn(t *testing.T) {
	if isolationUnderTest() == Process {
		t.Skip("without namespaces functions see the host; New says so")
	}
	host, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	script, err := os.ReadFile("testdata/escape.sh")
	if err != nil {
		t.Fatal(err)
	}
	r := newRuntime(t, nil)
	neighbour := createFunction(t, r, sandbox.Spec{
		ID: "neighbour", Memory: 128 << 20,
		Function: testFunction(t, "neighbour", function.Binary, "leave.sh", map[string]string{"leave.sh": "#!/bin/sh\necho theirs > /tmp/theirs\ncat /tmp/theirs\n"}),
	})
	if said := answer(t, neighbour); said != "theirs\n" {
		t.Fatalf("the neighbour says %q", said)
	}
	for name, program := range shutIn {
		t.Run(name, func(t *testing.T) {
			if _, err := os.Stat("/usr/bin/python3"); err != nil && name == function.Custom {
				t.Skip(err) // its program is in Python
			}
			files := map[string]string{"escape.sh": string(script)}
			if program.file != "" {
				files[program.file] = program.code
			}
			f := testFunction(t, name, name, program.handler, files)
			f.Environment = map[string]string{
				"NODE": r.cfg.StateDir, "PROCESS": strconv.Itoa(os.Getpid()), "PORT": strconv.Itoa(host.Addr().(*net.TCPAddr).Port),
			}
			if said := answer(t, createFunction(t, r, sandbox.Spec{ID: name, Function: f, Memory: 256 << 20})); said != "tried\n" {
				t.Errorf("from within it could: %s", said)
			}
		})
	}
	if said := answer(t, neighbour); said != "theirs\n" {
		t.Errorf("afterwards the neighbour says %q", said)
	}
}

func createFunction(t *testing.T, r *Runtime, spec sandbox.Spec) sandbox.Container {
	t.Helper()
	c, err := underTest(r).Create(t.Context(), spec)
	if errors.Is(err, sandbox.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// testFunction has these files for its code, all executable.
func testFunction(t *testing.T, name, runtime, handler string, files map[string]string) function.Function {
	t.Helper()
	dir := t.TempDir()
	for file, content := range files {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return function.Function{
		Name:    function.Name{Account: "default", Function: name, Version: fmt.Sprint(len(files))},
		Runtime: runtime, Handler: handler, Code: dir, Memory: 256 << 20, Timeout: time.Minute,
	}
}
