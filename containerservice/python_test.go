package containerservice_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/minifaas/minifaas/internal/wire"
)

func pythonFunction(t testing.TB, handler, code string) *agent {
	return load(t, function(t, "python3", "app."+handler, map[string]string{"app.py": code}))
}

func TestPythonEventsAndResults(t *testing.T) {
	a := load(t, testdata(t, "python3", "python", "app.typed"))
	a.answers(t, `{"a":[1,null]}`, `{"event": {"a": [1, null]}, "type": "dict"}`)
	a.answers(t, `"é"`, `{"event": "\u00e9", "type": "str"}`)
	a.answers(t, "not json", `{"event": "not json", "type": "str"}`)
	a.answers(t, "", `{"event": "", "type": "str"}`)

	a = load(t, testdata(t, "python3", "python", "app.identity"))
	a.answers(t, "\xff\x00", "\xff\x00") // bytes there and back
	a.answers(t, "é", "é")
	a.answers(t, "null", "null")
}

func TestPythonException(t *testing.T) {
	a := load(t, testdata(t, "python3", "python", "app.handler"))
	r := a.invoke(t, "fail no way")
	e := r.Error
	if e.Type != "PermissionError" || e.Message != "no way" || r.ContainerLost {
		t.Fatalf("got %v", r)
	}
	if !strings.HasPrefix(e.StackTrace, "Traceback (most recent call last):\n  File \"") || !strings.Contains(e.StackTrace, "raise PermissionError(arg)") || strings.Contains(e.StackTrace, "stdin") {
		t.Errorf("trace:\n%s", e.StackTrace)
	}
}

func TestPythonCoroutines(t *testing.T) {
	a := load(t, testdata(t, "python3", "python", "app.coroutine"))
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() { a.answers(t, "sleep 300", "sleep 300") })
	}
	wg.Wait()
	if r := a.answers(t, "print me", "print me"); r.FunctionLog != "me\n" {
		t.Errorf("log %q", r.FunctionLog)
	}
	if r := a.invoke(t, "fail no"); r.Error.Type != "PermissionError" || strings.Contains(r.Error.StackTrace, "stdin") {
		t.Errorf("error: %v", r.Error)
	}
	// Canceling reaches the coroutine, so the container need not go.
	end := a.background(t, "c", "sleep 60000")
	if e := a.ends(t, "c", end, false); wire.CodeOf(e.err) != wire.Canceled {
		t.Errorf("canceled: %v, %v", e.reply, e.err)
	}
	a.answers(t, "still here", "still here")
}

func TestPythonDecoratedCoroutine(t *testing.T) {
	a := pythonFunction(t, "handler", `
import functools
async def inner(event, context):
    return "inner " + event
handler = functools.partial(inner)
`)
	a.answers(t, "x", "inner x")
}

func TestPythonSitePackages(t *testing.T) {
	a := pythonFunction(t, "handler", `
import sys
def handler(event, context):
    try:
        import no_such_module
    except ImportError as e:
        return f"{e} {any(p.endswith('-packages') for p in sys.path)}"
`)
	a.answers(t, "x", "No module named 'no_such_module' True")
}

func TestPythonSysExitEndsTheCallAlone(t *testing.T) {
	a := pythonFunction(t, "handler", "import sys\ndef handler(e, c):\n    if e == 'exit': sys.exit(3)\n    return e\n")
	if r := a.invoke(t, "exit"); r.Error.Type != "SystemExit" || r.ContainerLost {
		t.Errorf("got %v", r)
	}
	a.answers(t, "x", "x")
}

func TestPythonUnencodableResult(t *testing.T) {
	a := pythonFunction(t, "handler", "def handler(e, c): return {1, 2}")
	if r := a.invoke(t, "x"); r.Error.Type != "TypeError" || !strings.Contains(r.Error.Message, "not JSON serializable") {
		t.Errorf("got %v", r)
	}
}

// TestPythonHook: after_restore runs once, after the initialisation, where the function has declared it.
func TestPythonHook(t *testing.T) {
	const code = "said = ['init']\ndef after_restore(): said.append('hook')\ndef handler(e, c): return ' '.join(said)\n"
	later := strings.Replace(code, "def after", "async def after", 1)
	for name, test := range map[string]struct {
		code, want string
		snapshot   bool
	}{"declared": {code, "init hook", true}, "coroutine": {later, "init hook", true}, "not declared": {code, "init", false}, "no hook": {"def handler(e, c): return 'fine'\n", "fine", true}} {
		t.Run(name, func(t *testing.T) {
			request := function(t, "python3", "app.handler", map[string]string{"app.py": test.code})
			request.Snapshot = test.snapshot
			a := load(t, request)
			for range 2 {
				a.answers(t, "{}", test.want)
			}
		})
	}
}

// TestPythonHookFails: it is the function's error, and says where.
func TestPythonHookFails(t *testing.T) {
	request := function(t, "python3", "app.handler", map[string]string{"app.py": "def after_restore():\n  raise KeyError('why')\ndef handler(e, c): pass\n"})
	request.Snapshot = true
	if e := loadFails(t, request).Error; e.Type != "KeyError" || !strings.Contains(e.StackTrace, "app.py\", line 2, in after_restore") {
		t.Errorf("%s, %s", e.Type, e.StackTrace)
	}
}
