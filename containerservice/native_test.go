package containerservice_test

import (
	"strings"
	"testing"
)

func TestNativeErrors(t *testing.T) {
	a := load(t, nativeFunction(t))
	r := a.invoke(t, "fail x")
	if r.Error.Type != "errors.errorString" || r.Error.Message != "wrapped: open x: refused" || r.ContainerLost {
		t.Errorf("error: %v", r)
	}
	r = a.invoke(t, "panic oh")
	if r.Error.Type != "panic" || r.Error.Message != "oh" || !strings.Contains(r.Error.StackTrace, "main.handle") || r.ContainerLost {
		t.Errorf("panic: %v", r)
	}
	a.answers(t, "echo still here", "still here")
}

func TestNativeBadExecutable(t *testing.T) {
	for name, want := range map[string]string{
		"missing": "no executable",
		"text":    "neither a program nor a script",
		"script":  "interpreter",
	} {
		a := startAgent(t)
		reply, err := a.Load(t.Context(), function(t, "native", name, map[string]string{
			"text": "hello", "script": "#!/no/such/interpreter\n",
		}))
		if err != nil {
			t.Fatal(err)
		}
		if reply.Error.Type != "Runtime.HandlerNotFound" || !strings.Contains(reply.Error.Message, want) {
			t.Errorf("%s: %v", name, reply.Error)
		}
	}
}
