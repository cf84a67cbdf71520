package containerservice_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/testing/protocmp"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/internal/wire"
)

// loadFails loads a function that can't be loaded, and checks that invocations report the same.
func loadFails(t *testing.T, req *wire.LoadRequest) *wire.LoadReply {
	t.Helper()
	a := startAgent(t)
	reply, err := a.Load(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if reply.Error == nil {
		t.Fatal("function loads")
	}
	r := a.invoke(t, "x")
	if diff := cmp.Diff(reply.Error, r.Error, protocmp.Transform()); diff != "" || r.FunctionLog != reply.FunctionLog || !r.ContainerLost {
		t.Errorf("invocation after a failed load: lost %v, log %.100q, error %s", r.ContainerLost, r.FunctionLog, diff)
	}
	return reply
}

func TestLoadErrors(t *testing.T) {
	for name, c := range map[string]struct {
		runtime, handler string
		files            map[string]string
		kind, message    string // of the error
		trace, log       string
	}{
		"python: no file":         {"python3", "app.handler", nil, "ModuleNotFoundError", "No module named 'app'", "", ""},
		"python: no function":     {"python3", "app.handler", map[string]string{"app.py": "print('hi')"}, "LookupError", `module 'app' has no function 'handler'`, "", "hi\n"},
		"python: not a function":  {"python3", "app.handler", map[string]string{"app.py": "handler = 1"}, "LookupError", "no function 'handler'", "", ""},
		"python: bad handler":     {"python3", "app", nil, "LookupError", "not of the form module.function", "", ""},
		"python: syntax":          {"python3", "app.handler", map[string]string{"app.py": "def handler(:\n"}, "SyntaxError", "invalid syntax", "app.py\", line 1", ""},
		"python: exception":       {"python3", "app.handler", map[string]string{"app.py": "print('hi')\n1/0\n"}, "ZeroDivisionError", "division by zero", "app.py\", line 2", "hi\n"},
		"python: exit":            {"python3", "app.handler", map[string]string{"app.py": "import os\nos._exit(3)\n"}, "Runtime.ExitError", "exited with code 3", "", ""},
		"nodejs: no file":         {"nodejs", "app.handler", nil, "Error", `looked for app.js, app.mjs, app.cjs`, "", ""},
		"nodejs: no function":     {"nodejs", "app.handler", map[string]string{"app.js": "console.log('hi')"}, "Error", `exports no function "handler"`, "", "hi\n"},
		"nodejs: bad handler":     {"nodejs", "app", nil, "Error", "not of the form module.function", "", ""},
		"nodejs: syntax":          {"nodejs", "app.handler", map[string]string{"app.js": "exports.handler = (;"}, "SyntaxError", "Unexpected token", "app.js:1", ""},
		"nodejs: syntax in a mjs": {"nodejs", "app.handler", map[string]string{"app.mjs": "export const handler = (;"}, "SyntaxError", "Unexpected token", "", ""},
		"nodejs: exception":       {"nodejs", "app.handler", map[string]string{"app.js": "console.log('hi');\nnull.x;"}, "TypeError", "null", "app.js:2", "hi\n"},
		"nodejs: exit":            {"nodejs", "app.handler", map[string]string{"app.js": "process.exit(3)"}, "Runtime.ExitError", "exited with code 3", "", ""},
		"binary: no file":         {"binary", "", nil, "Runtime.HandlerNotFound", `no executable "fn.sh"`, "", ""},
		"custom: no file":         {"custom", "x", nil, "Runtime.HandlerNotFound", `no executable "bootstrap"`, "", ""},
		"custom: exit":            {"custom", "x", map[string]string{"bootstrap": "#!/bin/sh\necho hi\nexit 3\n"}, "Runtime.ExitError", "exited with code 3", "", "hi\n"},
	} {
		t.Run(name, func(t *testing.T) {
			reply := loadFails(t, function(t, c.runtime, c.handler, c.files))
			e := reply.Error
			if e.Code != "FunctionError" || e.Type != c.kind || !strings.Contains(e.Message, c.message) || !strings.Contains(e.StackTrace, c.trace) {
				t.Errorf("got %v", e)
			}
			if strings.Contains(e.StackTrace, "importlib") || strings.Contains(e.StackTrace, "stdin") {
				t.Errorf("trace has the worker's own frames: %s", e.StackTrace)
			}
			if reply.FunctionLog != c.log {
				t.Errorf("log %q, want %q", reply.FunctionLog, c.log)
			}
		})
	}
}

// slow are functions that never load; loud ones print meanwhile.
var (
	slow = map[string]map[string]string{
		"python3": {"app.py": "import time\nprint('hi', flush=True)\ntime.sleep(1000)"},
		"nodejs":  {"app.js": "console.log('hi');for (;;);"},
		"custom":  {"bootstrap": "#!/bin/sh\necho hi\nsleep 1000\n"},
	}
	loud = map[string]map[string]string{
		"python3": {"app.py": "import sys\nfor _ in range(1024): sys.stdout.write('x' * (1<<20))"},
		"nodejs":  {"app.js": "for (let i = 0; i < 1024; i++) process.stdout.write('x'.repeat(1<<20))"},
		"custom":  {"bootstrap": "#!/bin/sh\nexec yes\n"},
	}
)

func TestLoadTimeout(t *testing.T) {
	for runtime, files := range slow {
		t.Run(runtime, func(t *testing.T) {
			req := function(t, runtime, "app.handler", files)
			req.TimeoutNanos = int64(time.Second)
			reply := loadFails(t, req)
			if reply.Error.Code != "Timeout" || !strings.Contains(reply.Error.Message, "1s") || reply.FunctionLog != "hi\n" {
				t.Errorf("got %v", reply)
			}
		})
	}
}

func TestLoadPrintsAGigabyte(t *testing.T) {
	for runtime, files := range loud {
		t.Run(runtime, func(t *testing.T) {
			reply := loadFails(t, function(t, runtime, "app.handler", files))
			if reply.Error.Type != "Runtime.OutputTooLarge" || !strings.Contains(reply.Error.Message, "16 MiB") {
				t.Errorf("error: %v", reply.Error)
			}
			if n := len(reply.FunctionLog); n < 64<<10 || n > 65<<10 || !strings.HasSuffix(reply.FunctionLog, "bytes dropped\n") {
				t.Errorf("log of %d bytes", n)
			}
		})
	}
}

func TestLoadNoInterpreter(t *testing.T) {
	for runtime, name := range map[string]string{"python3": "python3", "nodejs": "node"} {
		for _, path := range []string{"", "/no/such/" + name} {
			a := startAgent(t)
			_, err := a.Load(t.Context(), &wire.LoadRequest{Runtime: runtime, Interpreter: path, Handler: "a.b", CodeDir: "/"})
			if wire.CodeOf(err) != wire.FailedPrecondition || !strings.Contains(err.Error(), runtime) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s at %q: %v", runtime, path, err)
			}
		}
	}
}

func TestLoadMisuse(t *testing.T) {
	a := startAgent(t)
	if _, err := a.Invoke(t.Context(), &wire.InvokeRequest{}); wire.CodeOf(err) != wire.FailedPrecondition {
		t.Errorf("invoke before load: %v", err)
	}
	if _, err := a.Load(t.Context(), &wire.LoadRequest{Runtime: "cobol"}); wire.CodeOf(err) != wire.FailedPrecondition || !strings.Contains(err.Error(), "python3") {
		t.Errorf("unknown runtime: %v", err)
	}
	if _, err := a.Load(t.Context(), nativeFunction(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Load(t.Context(), nativeFunction(t)); wire.CodeOf(err) != wire.FailedPrecondition {
		t.Errorf("second load: %v", err)
	}
}
