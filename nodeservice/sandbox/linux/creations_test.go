package linux

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/sandboxtest"
)

// TestCreationsAdapt: slow ones halve how many are made at once, down to one; quick ones bring it back.
func TestCreationsAdapt(t *testing.T) {
	c := newCreations(8)
	now := time.Unix(1000, 0)
	learn := func(took time.Duration) int {
		now = now.Add(time.Second)
		c.learn(took, now)
		return int(c.limit)
	}
	if got := learn(5 * time.Millisecond); got != 8 {
		t.Errorf("limit %d at first, want 8", got)
	}
	for _, want := range []int{4, 2, 1, 1} {
		if got := learn(50 * time.Millisecond); got != want {
			t.Errorf("limit %d after a slow one, want %d", got, want)
		}
	}
	steps := 0
	for learn(6*time.Millisecond) < 8 {
		steps++
	}
	if steps < 20 || steps > 40 {
		t.Errorf("back at 8 after %d quick ones, want about 8²/2", steps)
	}
	c.learn(50*time.Millisecond, now)
	if c.learn(50*time.Millisecond, now); int(c.limit) != 4 {
		t.Errorf("limit %v, want 4: two that were under way together count once", c.limit)
	}
	for range 300 {
		learn(50 * time.Millisecond)
	}
	if int(c.limit) != 8 {
		t.Errorf("limit %v where all have become slow for good, want 8", c.limit)
	}
}

// TestCreationsTurns: they come in order; who leaves, or is closed out, takes no turn.
func TestCreationsTurns(t *testing.T) {
	c := newCreations(1)
	first, err := c.begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := c.begin(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("who left: %v", err)
	}
	turns := make(chan *creation)
	next := func() {
		turn, err := c.begin(t.Context())
		if err != nil {
			t.Error(err)
		}
		turns <- turn
	}
	go next()
	first.end(time.Millisecond)
	second := <-turns
	go next()
	second.yield(0)
	third := <-turns
	closed := make(chan struct{})
	go func() { c.close(); close(closed) }()
	<-c.closed
	if _, err := c.begin(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	third.end(0)
	select {
	case <-closed:
		t.Error("closed while one was being made that had given its turn away")
	default:
	}
	second.end(0)
	if <-closed; c.under != 0 || !c.idle(time.Now().Add(time.Hour)) {
		t.Errorf("%d have a turn, %d are under way and %d wait, want none", c.under, c.made, len(c.waiting))
	}
}

// TestSlowLoad: a function that takes long to load holds up no other one.
func TestSlowLoad(t *testing.T) {
	r := newRuntime(t, func(c *Config) { c.CreateConcurrency = 1 })
	slow := testFunction(t, "slow", function.Python3, "main.handler", map[string]string{"main.py": "import time\ntime.sleep(5)\ndef handler(e, c): pass\n"})
	begun, loaded := make(chan struct{}), make(chan error)
	go func() {
		close(begun)
		_, err := r.Create(t.Context(), sandbox.Spec{ID: "slow", Function: slow, Memory: 128 << 20})
		loaded <- err
	}()
	<-begun
	for r.creations.idle(time.Now().Add(time.Hour)) {
		time.Sleep(time.Millisecond)
	}
	quick := createFunction(t, r, sandbox.Spec{ID: "quick", Function: sandboxtest.Build(t).Function(), Memory: 64 << 20})
	select {
	case err := <-loaded:
		t.Errorf("the quick one came after the slow one, %v", err)
	default:
	}
	if err := quick.Kill(); err != nil {
		t.Error(err)
	}
	if err := <-loaded; errors.Is(err, sandbox.ErrUnsupported) {
		t.Skip(err)
	} else if err != nil {
		t.Error(err)
	}
}
