package containerservice_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/wire"
)

// residents are the same function in every language that has a resident worker.
var residents = map[string]func(testing.TB) *wire.LoadRequest{
	"native": nativeFunction,
	"python3": func(t testing.TB) *wire.LoadRequest {
		return testdata(t, "python3", "python", "app.handler")
	},
	"nodejs": func(t testing.TB) *wire.LoadRequest {
		return testdata(t, "nodejs", "nodejs", "app.handler")
	},
}

func testdata(t testing.TB, runtime, folder, handler string) *wire.LoadRequest {
	req := function(t, runtime, handler, nil)
	req.CodeDir = cwd(t) + "/testdata/" + folder
	return req
}

// eachResident runs a test for every language.
func eachResident(t *testing.T, test func(*testing.T, *wire.LoadRequest)) {
	for name, req := range residents {
		t.Run(name, func(t *testing.T) { test(t, req(t)) })
	}
}

func TestResidentBasics(t *testing.T) {
	eachResident(t, func(t *testing.T, req *wire.LoadRequest) {
		a := startAgent(t)
		reply, err := a.Load(t.Context(), req)
		if err != nil || reply.Error != nil || reply.FunctionLog != "loading\n" {
			t.Fatalf("load: %v, %v", reply, err)
		}
		a.answers(t, "echo héllo\nworld", "héllo\nworld")
		a.answers(t, "id", "r1")
		if ms, err := strconv.Atoi(string(a.invoke(t, "deadline").Body)); err != nil || ms < 50_000 || ms > 60_001 { // its end is rounded up, and what the clock says down
			t.Errorf("deadline in %d ms, %v", ms, err)
		}
		if r := a.answers(t, "sleep 50", "slept"); r.DurationInNanos < 50e6 || r.DurationInNanos > 5e9 {
			t.Errorf("duration of a sleep of 50 ms: %v", time.Duration(r.DurationInNanos))
		}
		if r := a.invoke(t, "print hello"); r.FunctionLog != "hello\n" {
			t.Errorf("log: %q", r.FunctionLog)
		}
		if r := a.invoke(t, "echo x"); r.FunctionLog != "" {
			t.Errorf("log of a silent invocation: %q", r.FunctionLog)
		}
	})
}

func TestResidentPeakMemory(t *testing.T) {
	eachResident(t, func(t *testing.T, req *wire.LoadRequest) {
		a := load(t, req)
		before := a.answers(t, "echo x", "x").MaxMemoryUsageInBytes
		touched := a.answers(t, "touch 64", "touched").MaxMemoryUsageInBytes
		if grown := (touched - before) >> 20; before < 4<<20 || grown < 50 || grown > 100 {
			t.Errorf("peak %d MiB, with 64 MiB touched %d MiB", before>>20, touched>>20)
		}
		after := a.answers(t, "sleep 5", "slept").MaxMemoryUsageInBytes
		if req.Runtime == "python3" && after > touched-50<<20 { // the others' runtimes keep for a while what is free
			t.Errorf("peak %d MiB of what came after %d MiB had been touched, and let go", after>>20, touched>>20)
		}
	})
}

// TestResidentPeakAfterIdleness: what was let go of meanwhile does not count, even where the
// invocation before was a brief one, and found it there.
func TestResidentPeakAfterIdleness(t *testing.T) {
	a := load(t, residents["python3"](t))
	before := a.answers(t, "sleep 5", "slept").MaxMemoryUsageInBytes
	held := a.answers(t, "hold 64", "held").MaxMemoryUsageInBytes
	for range 5 { // one of them is brief
		a.answers(t, "echo x", "x")
	}
	time.Sleep(500 * time.Millisecond)
	after := a.answers(t, "sleep 5", "slept").MaxMemoryUsageInBytes
	if held < before+50<<20 || after > before+20<<20 {
		t.Errorf("peak %d MiB, with 64 MiB more %d MiB, and without them again %d MiB", before>>20, held>>20, after>>20)
	}
}

func TestResidentManyAtOnce(t *testing.T) {
	eachResident(t, func(t *testing.T, req *wire.LoadRequest) {
		a := load(t, req)
		pid := string(a.invoke(t, "pid").Body)
		begun := time.Now()
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() { a.answers(t, "sleep 500", "slept") })
		}
		wg.Wait()
		if d := time.Since(begun); d > 5*time.Second {
			t.Errorf("64 sleeps of 0.5 s at once took %v", d)
		}
		a.answers(t, "pid", pid)
	})
}

func TestResidentLogsAreNotMixed(t *testing.T) {
	for _, name := range []string{"python3", "nodejs"} {
		t.Run(name, func(t *testing.T) {
			a := load(t, residents[name](t))
			var wg sync.WaitGroup
			for n := range 20 {
				wg.Go(func() {
					var want strings.Builder
					for i := range 20 {
						fmt.Fprintf(&want, "call-%d %d\n", n, i)
					}
					if r := a.invoke(t, fmt.Sprintf("chatter call-%d", n)); r.FunctionLog != want.String() {
						t.Errorf("log of call %d: %q", n, r.FunctionLog)
					}
				})
			}
			wg.Wait()
			if r := a.invoke(t, "child"); r.FunctionLog != "from a child\n" {
				t.Errorf("log of a child: %q", r.FunctionLog)
			}
		})
	}
}

func TestResidentLimits(t *testing.T) {
	const limit = 6 << 20
	eachResident(t, func(t *testing.T, req *wire.LoadRequest) {
		req.LogLimitInBytes = 1000
		a := load(t, req)
		big := strings.Repeat("x", limit-len("echo "))
		a.answers(t, "echo "+big, big)
		if r := a.invoke(t, fmt.Sprint("big ", limit)); len(r.Body) != limit {
			t.Errorf("result of 6 MiB: %d bytes, error %v", len(r.Body), r.Error)
		}
		r := a.invoke(t, fmt.Sprint("big ", limit+1))
		if r.Error.Code != "FunctionError" || !strings.Contains(r.Error.Message, "6 MiB") || r.ContainerLost {
			t.Errorf("result above 6 MiB: %v", r.Error)
		}
		if _, err := a.Invoke(t.Context(), &wire.InvokeRequest{Event: make([]byte, limit+1)}); wire.CodeOf(err) != wire.ResourceExhausted {
			t.Errorf("event above 6 MiB: %v", err)
		}
		r = a.invoke(t, "flood 1024")
		if want := strings.Repeat("x", 1000) + fmt.Sprintf("\n… %d bytes dropped\n", 1024*(1<<20+1)-1000); r.FunctionLog != want {
			t.Errorf("log of a flood: %d bytes, ends with %q", len(r.FunctionLog), r.FunctionLog[max(0, len(r.FunctionLog)-60):])
		}
		if mib := r.MaxMemoryUsageInBytes >> 20; mib > 200 {
			t.Errorf("a flood of output took %d MiB", mib)
		}
		a.answers(t, "echo still here", "still here")
	})
}

func TestResidentTimeout(t *testing.T) {
	eachResident(t, func(t *testing.T, req *wire.LoadRequest) {
		a := load(t, req)
		pid, _ := strconv.Atoi(string(a.invoke(t, "pid").Body))
		other := make(chan error, 1)
		go func() {
			_, err := a.Invoke(t.Context(), &wire.InvokeRequest{Event: []byte("sleep 60000")})
			other <- err
		}()
		a.answers(t, "sleep 50", "slept")
		r, err := a.Invoke(t.Context(), &wire.InvokeRequest{Event: []byte("sleep 60000"), TimeoutNanos: 2e8})
		gone(t, pid)
		if err != nil || r.Error.Code != "Timeout" || !r.ContainerLost || r.MaxMemoryUsageInBytes <= 0 {
			t.Errorf("timeout: %v, %v", r, err)
		}
		if d := time.Duration(r.DurationInNanos); d < 200*time.Millisecond || d > 3*time.Second {
			t.Errorf("duration: %v", d)
		}
		for what, err := range map[string]error{"other": <-other, "next": second(a.Invoke(t.Context(), &wire.InvokeRequest{}))} {
			if wire.CodeOf(err) != wire.Aborted || !strings.Contains(err.Error(), "container lost: killed as an invocation ran longer than its timeout of 200ms") {
				t.Errorf("%s invocation: %v", what, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestResidentCrash(t *testing.T) {
	eachResident(t, func(t *testing.T, req *wire.LoadRequest) {
		a := load(t, req)
		r := a.invoke(t, "exit 3")
		if r.Error.Type != "Runtime.ExitError" || !strings.Contains(r.Error.Message, "exited with code 3") || !r.ContainerLost {
			t.Errorf("alone: %v", r)
		}

		a = load(t, req)
		other := make(chan error, 1)
		go func() {
			_, err := a.Invoke(t.Context(), &wire.InvokeRequest{Event: []byte("sleep 60000")})
			other <- err
		}()
		a.answers(t, "sleep 300", "slept")
		_, err := a.Invoke(t.Context(), &wire.InvokeRequest{Event: []byte("exit 3")})
		for _, err := range []error{err, <-other} {
			if wire.CodeOf(err) != wire.Aborted || !strings.Contains(err.Error(), "container lost: worker exited with code 3") {
				t.Errorf("one of two: %v", err)
			}
		}
	})
}

func TestResidentCancel(t *testing.T) {
	eachResident(t, func(t *testing.T, req *wire.LoadRequest) {
		a := load(t, req)
		pid, _ := strconv.Atoi(string(a.invoke(t, "pid").Body))

		// In company: the others are left alone, and when they are done the worker goes.
		end := a.background(t, "canceled", "sleep 60000")
		other := a.background(t, "other", "sleep 600")
		a.answers(t, "sleep 50", "slept")
		e := a.ends(t, "canceled", end, true)
		gone(t, pid)
		if o := <-other; o.err != nil || string(o.reply.Body) != "slept" {
			t.Errorf("other: %v, %v", o.reply, o.err)
		}
		if wire.CodeOf(e.err) != wire.Aborted {
			t.Errorf("canceled: %v, %v", e.reply, e.err)
		}
		if reply, err := a.EndInvocation(t.Context(), &wire.EndInvocationRequest{RequestID: "canceled"}); err != nil || reply.ContainerLost {
			t.Errorf("end of what is over: %v, %v", reply, err)
		}
	})
}

func TestCallerLeaves(t *testing.T) {
	a := load(t, nativeFunction(t))
	pid, _ := strconv.Atoi(string(a.invoke(t, "pid").Body))
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := a.Invoke(ctx, &wire.InvokeRequest{RequestID: "left", Event: []byte("sleep 60000")})
		left <- err
	}()
	a.answers(t, "sleep 50", "slept")
	leave()
	if err := <-left; wire.CodeOf(err) != wire.Canceled {
		t.Errorf("invoke: %v", err)
	}
	if _, err := a.EndInvocation(t.Context(), &wire.EndInvocationRequest{RequestID: "left"}); err != nil {
		t.Error(err)
	}
	gone(t, pid)
}

func TestCooperativeCancel(t *testing.T) {
	for _, name := range []string{"native", "nodejs"} {
		t.Run(name, func(t *testing.T) {
			a := load(t, residents[name](t))
			end := a.background(t, "c", "wait")
			if e := a.ends(t, "c", end, false); wire.CodeOf(e.err) != wire.Canceled {
				t.Errorf("canceled: %v, %v", e.reply, e.err)
			}
			a.answers(t, "echo still here", "still here")
		})
	}
}

type ended struct {
	reply *wire.InvokeReply
	err   error
}

// background runs an invocation while the test goes on.
func (a *agent) background(t *testing.T, id, event string) <-chan ended {
	c := make(chan ended, 1)
	go func() {
		reply, err := a.Invoke(t.Context(), &wire.InvokeRequest{RequestID: id, Event: []byte(event)})
		c <- ended{reply, err}
	}()
	return c
}

// ends ends a background invocation, which may not have begun yet, and checks
// whether the container had to go with it.
func (a *agent) ends(t *testing.T, id string, end <-chan ended, lost bool) ended {
	t.Helper()
	got := false
	for {
		reply, err := a.EndInvocation(t.Context(), &wire.EndInvocationRequest{RequestID: id})
		if err != nil {
			t.Fatal(err)
		}
		got = got || reply.ContainerLost
		select {
		case e := <-end:
			if got != lost {
				t.Errorf("end %s: lost %v, want %v", id, got, lost)
			}
			return e
		case <-time.After(5 * time.Millisecond):
		}
	}
}
