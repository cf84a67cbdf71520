package linux

import (
	"context"
	"errors"
	"testing"
	"time"
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
	if err := c.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := c.begin(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("who left: %v", err)
	}
	second := make(chan error)
	go func() { second <- c.begin(t.Context()) }()
	c.end(time.Millisecond)
	if err := <-second; err != nil {
		t.Error(err)
	}
	closed := make(chan struct{})
	go func() { c.close(); close(closed) }()
	<-c.closed
	if err := c.begin(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	select {
	case <-closed:
		t.Error("closed while one was being made")
	default:
	}
	c.end(0)
	if <-closed; !c.idle(time.Now().Add(time.Hour)) {
		t.Errorf("%d are under way and %d wait, want none", c.under, len(c.waiting))
	}
}
