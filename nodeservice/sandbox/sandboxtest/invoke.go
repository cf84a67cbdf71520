package sandboxtest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

func createInvokeKill(t *testing.T, s *suite) {
	c := s.create(t, 0)
	for range 3 {
		r := mustInvoke(t, c, Event{Sleep: 5})
		if r.MaxMemory <= 0 {
			t.Errorf("max memory %d, want above 0", r.MaxMemory)
		}
		if r.Duration < 5*time.Millisecond {
			t.Errorf("duration %v, want at least the 5 ms slept", r.Duration)
		}
	}
	select {
	case <-c.Done():
		t.Fatal("done before it was killed")
	default:
	}
	if err := c.Kill(); err != nil {
		t.Fatalf("kill: %v", err)
	}
	await(t, c.Done(), "done after kill")
	if _, err := invoke(t.Context(), c, Event{}, long); !errors.Is(err, sandbox.ErrLost) {
		t.Errorf("invoke after kill: %v, want ErrLost", err)
	}
}

// manyAtOnce: 20 sleepers in one container and in several sleep side by side.
func manyAtOnce(t *testing.T, s *suite) {
	one, other := s.create(t, 0), s.create(t, 0)
	begin := time.Now()
	var all []*pending
	for range 10 {
		all = append(all, start(t.Context(), one, Event{Sleep: 500}), start(t.Context(), other, Event{Sleep: 500}))
	}
	for _, p := range all {
		r, err := p.wait(t)
		if err != nil || r.Error != nil {
			t.Errorf("invoke: %v, %+v", err, r.Error)
		}
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("20 sleeps of 0.5 s took %v: they ran one after the other", took)
	}
}

func functionError(t *testing.T, s *suite) {
	if !s.Errors {
		t.Skip("this runtime's functions cannot fail")
	}
	c := s.create(t, 0)
	r, err := invoke(t.Context(), c, Event{Error: "no such luck"}, long)
	if err != nil {
		t.Fatalf("invoke: %v, want the error in the result", err)
	}
	if r.Error == nil || r.Error.Code != sandbox.CodeFunctionError || !strings.Contains(r.Error.Message, "no such luck") {
		t.Errorf("function error %+v, want the function's own", r.Error)
	}
	if r.MaxMemory <= 0 {
		t.Errorf("max memory %d on error, want above 0", r.MaxMemory)
	}
	mustInvoke(t, c, Event{}) // it lives on
}

func loadError(t *testing.T, s *suite) {
	if s.Broken == nil {
		t.Skip("this runtime loads no code")
	}
	c := s.createOf(t, *s.Broken, 0)
	r, err := invoke(t.Context(), c, Event{}, long)
	if err != nil {
		t.Fatalf("invoke: %v, want the error in the result", err)
	}
	if r.Error == nil || r.Error.Code != sandbox.CodeFunctionError || r.Error.Message == "" {
		t.Errorf("function error %+v, want why it did not load", r.Error)
	}
}

func timeoutStopsTheWork(t *testing.T, s *suite) {
	c := s.create(t, 0)
	r, err := invoke(t.Context(), c, Event{CPU: 60_000}, 300*time.Millisecond)
	wantTimeout(t, r, err)
	wantIdle(t, c)
	if !r.Lost {
		mustInvoke(t, c, Event{})
	}
}

func stubbornTimeout(t *testing.T, s *suite) {
	if !s.Errors {
		t.Skip("this runtime's functions cannot be stubborn")
	}
	c := s.create(t, 0)
	r, err := invoke(t.Context(), c, Event{CPU: 60_000, Stubborn: true}, 300*time.Millisecond)
	wantTimeout(t, r, err)
	if !r.Lost {
		t.Error("a function that does not stop takes its container with it: lost is false")
	}
	wantIdle(t, c)
}

func wantTimeout(t *testing.T, r sandbox.Result, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("invoke: %v, want the timeout in the result", err)
	}
	if r.Error == nil || r.Error.Code != sandbox.CodeTimeout {
		t.Fatalf("function error %+v, want a timeout", r.Error)
	}
}

// wantIdle: nothing burns CPU in c any more. A few ticks are the runtime's own.
func wantIdle(t *testing.T, c sandbox.Container) {
	t.Helper()
	before, err := c.Usage()
	if err != nil {
		return // dead
	}
	time.Sleep(300 * time.Millisecond)
	after, err := c.Usage()
	if used := after.CPU - before.CPU; err == nil && used > 15*time.Millisecond {
		t.Errorf("it went on: %v of CPU in 300 ms after the end", used)
	}
}

func cancelStopsTheWork(t *testing.T, s *suite) {
	c := s.create(t, 0)
	ctx, cancel := context.WithCancel(t.Context())
	before := cpu(t, c)
	p := start(ctx, c, Event{CPU: 60_000})
	until(t, "the work to begin", func() bool { return cpu(t, c) > before+5*time.Millisecond })
	cancel()
	if _, err := p.wait(t); !errors.Is(err, context.Canceled) {
		t.Errorf("invoke: %v, want that it was canceled", err)
	}
	wantIdle(t, c)
}

// cancelSparesOthers: one caller that leaves a shared container does not end the others' work.
func cancelSparesOthers(t *testing.T, s *suite) {
	c := s.create(t, 0)
	ctx, cancel := context.WithCancel(t.Context())
	stays := start(t.Context(), c, Event{Sleep: 1000})
	leaves := start(ctx, c, Event{Sleep: 60_000})
	cancel()
	if _, err := leaves.wait(t); !errors.Is(err, context.Canceled) {
		t.Errorf("invoke: %v, want that it was canceled", err)
	}
	if r, err := stays.wait(t); err != nil || r.Error != nil {
		t.Errorf("the other invocation: %v, %+v", err, r.Error)
	}
}

func createCanceled(t *testing.T, s *suite) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c, err := s.runtime.Create(ctx, sandbox.Spec{ID: "canceled", Function: s.Work, Memory: 256 << 20})
	if err == nil {
		_ = c.Kill()
		t.Fatal("created although the caller had gone")
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("create: %v, want that it was canceled", err)
	}
	// Its id is free again.
	c, err = s.runtime.Create(t.Context(), sandbox.Spec{ID: "canceled", Function: s.Work, Memory: 256 << 20})
	if err != nil {
		t.Fatalf("create again: %v", err)
	}
	if err := c.Kill(); err != nil {
		t.Errorf("kill: %v", err)
	}
}
