package containerservice_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/minifaas/minifaas/internal/wire"
)

func prepared(t *testing.T, req *wire.LoadRequest) *agent {
	t.Helper()
	a := startAgent(t)
	_, err := a.Prepare(t.Context(), &wire.PrepareRequest{
		Runtime: req.Runtime, Interpreter: req.Interpreter, MemoryInBytes: req.MemoryInBytes,
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *agent) load(t *testing.T, req *wire.LoadRequest) {
	t.Helper()
	reply, err := a.Load(t.Context(), req)
	if err != nil || reply.Error != nil {
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
			want := "blue true " + req.FunctionName + " " + strconv.FormatInt(req.MemoryInBytes>>20, 10)
			if got := string(reply.Body); !strings.EqualFold(got, want) {
				t.Errorf("%q, %v; want %q", got, reply.Error, want)
			}
		})
	}
}

// TestPreparedInVain: what was prepared and can't be used is ended, and the function loads.
func TestPreparedInVain(t *testing.T) {
	node := function(t, "nodejs", "app.handler", map[string]string{"app.js": "exports.handler = () => process.title"})
	t.Run("start variable", func(t *testing.T) {
		node.Environment = map[string]string{"NODE_OPTIONS": "--title=mine"}
		a := prepared(t, node)
		a.load(t, node)
		a.answers(t, "{}", "mine")
	})
	t.Run("another runtime", func(t *testing.T) {
		a := prepared(t, node)
		a.load(t, nativeFunction(t))
	})
	t.Run("nothing to prepare", func(t *testing.T) {
		req := nativeFunction(t)
		prepared(t, req).load(t, req)
	})
	t.Run("never loaded", func(t *testing.T) { prepared(t, node) })
}

func TestPrepareMisuse(t *testing.T) {
	req := function(t, "nodejs", "app.handler", map[string]string{"app.js": "exports.handler = () => 1"})
	prepare := &wire.PrepareRequest{Runtime: "nodejs", Interpreter: req.Interpreter}
	a := startAgent(t)
	missing := &wire.PrepareRequest{Runtime: "nodejs", Interpreter: "/nowhere"}
	if _, err := a.Prepare(t.Context(), missing); wire.CodeOf(err) != wire.FailedPrecondition || !strings.Contains(err.Error(), "/nowhere") {
		t.Errorf("no interpreter: %v", err)
	}
	if _, err := a.Prepare(t.Context(), prepare); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Prepare(t.Context(), prepare); wire.CodeOf(err) != wire.FailedPrecondition {
		t.Errorf("prepared twice: %v", err)
	}
	a.load(t, req)
	if _, err := a.Prepare(t.Context(), prepare); wire.CodeOf(err) != wire.FailedPrecondition {
		t.Errorf("prepared when loaded: %v", err)
	}
}

// TestForkedWorkerNeverCame: who was told that a worker is there learns that it is
// not; who was not told starts one. Package linux tests those that come.
func TestForkedWorkerNeverCame(t *testing.T) {
	expectant := func(t *testing.T) (*agent, *wire.LoadRequest) {
		a := startAgent(t)
		reply, err := a.Prepare(t.Context(), &wire.PrepareRequest{Runtime: "python3", Forked: true})
		if err != nil || reply.WorkerSocket < 3 || reply.WorkerOutput < 3 {
			t.Fatalf("prepare: %v, %v", reply, err)
		}
		return a, function(t, "python3", "app.handler", map[string]string{"app.py": "def handler(e, c): return 'fine'"})
	}
	t.Run("expected", func(t *testing.T) {
		a, req := expectant(t)
		req.Forked = true
		if _, err := a.Load(t.Context(), req); wire.CodeOf(err) != wire.Aborted || !strings.Contains(err.Error(), "no worker came") {
			t.Errorf("load: %v", err)
		}
	})
	t.Run("not expected any more", func(t *testing.T) {
		a, req := expectant(t)
		a.load(t, req)
		a.answers(t, "{}", "fine")
	})
	t.Run("never expected", func(t *testing.T) {
		a, req := startAgent(t), function(t, "python3", "app.handler", nil)
		req.Forked = true
		if _, err := a.Load(t.Context(), req); wire.CodeOf(err) != wire.Aborted {
			t.Errorf("load: %v", err)
		}
	})
}
