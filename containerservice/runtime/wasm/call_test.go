package wasm

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minifaas/minifaas/containerservice/runtime"
)

func TestCommand(t *testing.T) {
	p := shared(t, "command.wasm")
	p.answers(t, "echo\nthe event", "the event")
	p.answers(t, "", "")
	p.answers(t, "environment REQUEST_ID", "command.wasm r1")
	p.answers(t, "environment CODE_DIR", "command.wasm /var/task")
	if r := p.invoke(t, "log hello"); r.Log != "hello\n" || len(r.Body) > 0 {
		t.Errorf("got %+v", r)
	}
}

func TestCommandInC(t *testing.T) {
	shared(t, "c.wasm").answers(t, "the event", "the event")
}

// TestFreshInstance: nothing of a call is left for the next.
func TestFreshInstance(t *testing.T) {
	p := shared(t, "command.wasm")
	for range 3 {
		p.answers(t, "count", "1")
	}
}

func TestManyAtOnce(t *testing.T) {
	p := shared(t, "command.wasm")
	begun := time.Now()
	var calls sync.WaitGroup
	for n := range 16 {
		calls.Go(func() { p.answers(t, fmt.Sprintf("echo\n%d", n), fmt.Sprint(n)) })
		calls.Go(func() { p.answers(t, "sleep 500", "") })
	}
	calls.Wait()
	if took := time.Since(begun); took > 6*time.Second {
		t.Errorf("16 sleeps of 0.5 s took %v: they ran one after the other", took)
	}
}

// TestManyInC is quick, so that the race detector can watch it.
func TestManyInC(t *testing.T) {
	p := shared(t, "c-reactor.wasm")
	var calls sync.WaitGroup
	for range 16 {
		calls.Go(func() { p.answers(t, "c", "1") })
		calls.Go(func() {
			r, err := p.Invoke(t.Context(), runtime.Call{Event: []byte("s"), Timeout: 50 * time.Millisecond})
			if err != nil || r.Error == nil || r.Error.Code != runtime.CodeTimeout {
				t.Errorf("%+v, %v, want a timeout", r.Error, err)
			}
		})
	}
	calls.Wait()
}

func TestCommandFails(t *testing.T) {
	p := shared(t, "command.wasm")
	p.fails(t, "exit 3", "FunctionError", runtime.TypeExit, "exited with code 3: the reason")
	r := p.fails(t, "panic so it is", "FunctionError", runtime.TypeExit, "exited with code 2")
	if !strings.Contains(r.Log, "panic: so it is") {
		t.Errorf("log %q", r.Log)
	}
}

// TestTimeoutSparesOthers: only the guilty invocation ends, however it passes the time.
func TestTimeoutSparesOthers(t *testing.T) {
	p := shared(t, "command.wasm")
	other := make(chan struct{})
	go func() {
		defer close(other)
		p.answers(t, "sleep 1000", "")
	}()
	for _, event := range []string{"spin", "recurse 200", "sleep 60000"} {
		begun := time.Now()
		r, err := p.Invoke(t.Context(), runtime.Call{Event: []byte(event), Timeout: 200 * time.Millisecond})
		if err != nil || r.Lost {
			t.Errorf("%s: %+v, %v", event, r, err)
		}
		wantFault(t, r.Error, "Timeout", runtime.TypeTimeout, "200ms")
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%s went on for %v", event, took)
		}
	}
	<-other
}

func TestCanceled(t *testing.T) {
	p := shared(t, "command.wasm")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := p.Invoke(ctx, runtime.Call{Event: []byte("spin"), Timeout: long}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was canceled", err)
	}
}

func TestOutOfMemory(t *testing.T) {
	p := shared(t, "command.wasm")
	p.answers(t, "touch 64", "64")
	p.fails(t, "touch 200", "OutOfMemory", TypeOutOfMemory, "a container of 128 MiB leaves it")
	p.answers(t, "touch 64", "64")
}

// TestPeakMemory: what the instance held is told, and given back.
func TestPeakMemory(t *testing.T) {
	p := shared(t, "command.wasm")
	debug.FreeOSMemory() // what other tests have left
	before := p.invoke(t, "echo").PeakMemory
	if grown := (p.invoke(t, "touch 80").PeakMemory - before) >> 20; grown < 75 || grown > 100 {
		t.Errorf("the peak grew by %d MiB for 80", grown)
	}
	if left := (p.invoke(t, "echo").PeakMemory - before) >> 20; left > 20 {
		t.Errorf("%d MiB are left", left)
	}
}

func TestResultTooLarge(t *testing.T) {
	p := shared(t, "command.wasm")
	p.fails(t, "flood", "FunctionError", runtime.TypeResultTooLarge, "6 MiB")
	event := "echo\n" + strings.Repeat("x", runtime.MaxPayload)
	if r := p.invoke(t, event); r.Error != nil || len(r.Body) != runtime.MaxPayload {
		t.Errorf("%d bytes, %v; want the largest result", len(r.Body), r.Error)
	}
}

func TestReactor(t *testing.T) {
	p := shared(t, "reactor.wasm")
	for range 2 {
		p.answers(t, "the event", "1 the event")
	}
	p.answers(t, "", "1 ")
	if r := p.invoke(t, "x"); r.Log != "on stderr\non stdout\n" {
		t.Errorf("log %q", r.Log)
	}
	if r := p.invoke(t, "panic"); r.Error == nil || !strings.Contains(r.Log, "panic: as asked") {
		t.Errorf("got %+v", r)
	}
}

func TestReactorInC(t *testing.T) {
	p := shared(t, "c-reactor.wasm")
	p.answers(t, "event", "event")
	p.answers(t, "", "")
	p.answers(t, "c", "1")
	p.answers(t, "c", "1")
	p.answers(t, "d", "d")
	p.answers(t, "all", "coped")
	p.fails(t, "m", "OutOfMemory", TypeOutOfMemory, "128 MiB")
	p.fails(t, "o", "FunctionError", runtime.TypeProtocol, "not in its memory")
	p.fails(t, "l", "FunctionError", runtime.TypeResultTooLarge, "6 MiB")
	if r := p.fails(t, "t", "FunctionError", TypeTrap, "unreachable"); !strings.Contains(r.Error.StackTrace, "handle") {
		t.Errorf("stack trace %q does not name the function", r.Error.StackTrace)
	}
	r, err := p.Invoke(t.Context(), runtime.Call{Event: []byte("s"), Timeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, r.Error, "Timeout", runtime.TypeTimeout, "100ms")
}
