package containerservice_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/wire"
)

func customFunction(t testing.TB) *wire.LoadRequest {
	req := function(t, "custom", "some.handler", nil) // no such file: it is bootstrap then
	req.CodeDir = bin
	return req
}

func TestCustom(t *testing.T) {
	req := customFunction(t)
	a := load(t, req)
	a.answers(t, "echo hello", "hello")
	a.answers(t, "headers", "r1 arn:aws:lambda:us-east-1:000000000000:function:f Root=1-")
	odd, err := a.Invoke(t.Context(), &wire.InvokeRequest{RequestID: "../odd\r\nid", Event: []byte("headers")})
	if err != nil || odd.Error != nil || strings.Contains(string(odd.Body), "odd") {
		t.Errorf("an id that fits no path: %v, %v", odd, err)
	}
	a.answers(t, "env _HANDLER", "some.handler")
	a.answers(t, "env LAMBDA_TASK_ROOT", req.CodeDir)
	a.answers(t, "env AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
	if ms, err := strconv.Atoi(string(a.invoke(t, "deadline").Body)); err != nil || ms < 50_000 || ms > 60_000 {
		t.Errorf("deadline in %d ms, %v", ms, err)
	}
	if r := a.invoke(t, "print hello"); r.FunctionLog != "hello\n" {
		t.Errorf("log: %q", r.FunctionLog)
	}
	if r := a.answers(t, "wrong x", "x"); r.FunctionLog != "400\n" {
		t.Errorf("answer to another invocation: %q", r.FunctionLog)
	}
	if r := a.invoke(t, "sleep 50"); r.DurationInNanos < 50e6 || r.DurationInNanos > 5e9 {
		t.Errorf("duration of a sleep of 50 ms: %v", time.Duration(r.DurationInNanos))
	}
}

func TestCustomErrors(t *testing.T) {
	a := load(t, customFunction(t))
	for event, want := range map[string]*wire.FunctionError{
		`fail {"errorType":"T","errorMessage":"m","stackTrace":["a","b"]}`: {Type: "T", Message: "m", StackTrace: "a\nb"},
		`fail {"errorType":"T","errorMessage":"m","stackTrace":[{"l":1}]}`: {Type: "T", Message: "m", StackTrace: `[{"l":1}]`},
		`fail plainly`:              {Message: "plainly"},
		`forget`:                    {Type: "Runtime.ProtocolError", Message: "function asked for the next invocation without answering this one"},
		`exit 3`:                    {Type: "Runtime.ExitError", Message: "function's process exited with code 3"},
		fmt.Sprint("big ", 6<<20+1): {Type: "Runtime.ResultTooLarge", Message: "result is larger than the limit of 6 MiB"},
	} {
		r := a.invoke(t, event)
		e := r.Error
		if e.Code != "FunctionError" || e.Type != want.Type || e.Message != want.Message || e.StackTrace != want.StackTrace || r.ContainerLost {
			t.Errorf("%s: got %v, lost %v; want %v", event, e, r.ContainerLost, want)
		}
		a.answers(t, "echo still here", "still here")
	}
}

func TestCustomBigEvent(t *testing.T) {
	big := strings.Repeat("x", 6<<20-len("echo "))
	load(t, customFunction(t)).answers(t, "echo "+big, big)
}

func TestCustomInitError(t *testing.T) {
	req := customFunction(t)
	req.Environment = map[string]string{"INIT_ERROR": `{"errorType":"T","errorMessage":"no database"}`}
	if e := loadFails(t, req).Error; e.Type != "T" || e.Message != "no database" {
		t.Errorf("got %v", e)
	}
}

func TestCustomProcesses(t *testing.T) {
	a := load(t, customFunction(t))
	first := string(a.invoke(t, "pid").Body)
	a.answers(t, "pid", first) // one after the other share a process

	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { a.answers(t, "sleep 300", "300") })
	}
	begun := time.Now()
	wg.Wait()
	if d := time.Since(begun); d > 2*time.Second {
		t.Errorf("8 sleeps of 0.3 s took %v", d)
	}

	// One that ends after its answer is replaced.
	a.answers(t, "last", "bye")
	a.answers(t, "echo still here", "still here")
}

func TestCustomTimeoutAndCancelEndOneProcess(t *testing.T) {
	a := load(t, customFunction(t))
	pid, _ := strconv.Atoi(string(a.invoke(t, "pid").Body))
	r, err := a.Invoke(t.Context(), &wire.InvokeRequest{Event: []byte("sleep 60000"), TimeoutNanos: 2e8})
	gone(t, pid)
	if err != nil || r.Error.Code != "Timeout" || r.ContainerLost || r.DurationInNanos < 1e8 {
		t.Errorf("timeout: %v, %v", r, err)
	}

	end := a.background(t, "c", "sleep 60000")
	other := a.background(t, "other", "sleep 300")
	a.invoke(t, "sleep 100")
	if e := a.ends(t, "c", end, false); wire.CodeOf(e.err) != wire.Canceled {
		t.Errorf("canceled: %v, %v", e.reply, e.err)
	}
	if o := <-other; o.err != nil || string(o.reply.Body) != "300" {
		t.Errorf("other: %v, %v", o.reply, o.err)
	}
}
