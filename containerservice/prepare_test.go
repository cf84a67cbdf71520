package containerservice_test

import (
	"strconv"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	containerservicepb "github.com/minifaas/minifaas/proto/containerservice"
)

func prepared(t *testing.T, req *containerservicepb.LoadRequest) *agent {
	t.Helper()
	a := startAgent(t)
	_, err := a.Prepare(t.Context(), &containerservicepb.PrepareRequest{
		Runtime: req.GetRuntime(), Interpreter: req.GetInterpreter(), MemoryInBytes: req.GetMemoryInBytes(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *agent) load(t *testing.T, req *containerservicepb.LoadRequest) {
	t.Helper()
	reply, err := a.Load(t.Context(), req)
	if err != nil || reply.GetError() != nil {
		t.Fatalf("load: %v, %v", err, reply)
	}
}

// TestPrepared: a worker that waited becomes the function's: its code, folder,
// environment and name.
func TestPrepared(t *testing.T) {
	for runtime, code := range map[string]map[string]string{
		"python3": {"app.py": "import os\ndef handler(e, c): return f\"{os.environ['COLOUR']} {os.path.basename(os.getcwd()) != ''} {c.function_name} {c.memory_limit_mb}\""},
		"nodejs":  {"app.js": "exports.handler = (e, c) => `${process.env.COLOUR} ${process.cwd() !== '/'} ${c.functionName} ${c.memoryLimitInMB}`"},
	} {
		t.Run(runtime, func(t *testing.T) {
			req := function(t, runtime, "app.handler", code)
			req.Environment = map[string]string{"COLOUR": "blue"}
			a := prepared(t, req)
			a.load(t, req)
			reply := a.invoke(t, "{}")
			want := "blue true " + req.GetFunctionName() + " " + strconv.FormatInt(req.GetMemoryInBytes()>>20, 10)
			if got := string(reply.GetBody()); !strings.EqualFold(got, want) {
				t.Errorf("%q, %v; want %q", got, reply.GetError(), want)
			}
		})
	}
}

// TestPreparedInVain: what was prepared and can't be used is ended, and the function loads.
func TestPreparedInVain(t *testing.T) {
	python := function(t, "python3", "app.handler", map[string]string{"app.py": "import sys\ndef handler(e, c): return str(sys.flags.optimize)"})
	t.Run("start variable", func(t *testing.T) {
		python.Environment = map[string]string{"PYTHONOPTIMIZE": "2"}
		a := prepared(t, python)
		a.load(t, python)
		a.answers(t, "{}", "2")
	})
	t.Run("another runtime", func(t *testing.T) {
		a := prepared(t, python)
		a.load(t, nativeFunction(t))
	})
	t.Run("nothing to prepare", func(t *testing.T) {
		req := nativeFunction(t)
		prepared(t, req).load(t, req)
	})
	t.Run("never loaded", func(t *testing.T) { prepared(t, python) })
}

func TestPrepareMisuse(t *testing.T) {
	req := function(t, "python3", "app.handler", map[string]string{"app.py": "def handler(e, c): return 1"})
	prepare := &containerservicepb.PrepareRequest{Runtime: "python3", Interpreter: req.GetInterpreter()}
	a := startAgent(t)
	missing := &containerservicepb.PrepareRequest{Runtime: "python3", Interpreter: "/nowhere"}
	if _, err := a.Prepare(t.Context(), missing); status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "/nowhere") {
		t.Errorf("no interpreter: %v", err)
	}
	if _, err := a.Prepare(t.Context(), prepare); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Prepare(t.Context(), prepare); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("prepared twice: %v", err)
	}
	a.load(t, req)
	if _, err := a.Prepare(t.Context(), prepare); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("prepared when loaded: %v", err)
	}
}
