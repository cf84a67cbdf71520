package sandboxtest

import (
	"errors"
	"testing"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// resize: a container that has grown may use more, and one that is to shrink to less
// than it uses stays as it is.
func resize(t *testing.T, s *suite) {
	c := s.create(t, s.MemoryLimit)
	for range 2 { // again is no error
		if err := c.Resize(4 * s.MemoryLimit); err != nil {
			t.Fatalf("grow: %v", err)
		}
	}
	if !s.Spares { // else what one invocation may use was settled when the function was loaded
		mustInvoke(t, c, Event{Touch: 2 * s.MemoryLimit >> 20})
	}
	holder := holding(t, c, 32)
	const least = 24 << 20 // no runtime gives less
	if err := c.Resize(least); !errors.Is(err, sandbox.ErrInUse) {
		t.Errorf("shrink below what is in use: %v, want ErrInUse", err)
	}
	if err := c.Resize(7 * s.MemoryLimit / 2); err != nil {
		t.Errorf("shrink to what is not in use: %v", err)
	}
	select {
	case <-holder.done:
		t.Errorf("the invocation has ended: %v, %+v", holder.err, holder.result.Error)
	default:
	}
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := c.Resize(s.MemoryLimit); !errors.Is(err, sandbox.ErrLost) {
		t.Errorf("resize a dead container: %v, want ErrLost", err)
	}
}

// shrunk: the new limit is one.
func shrunk(t *testing.T, s *suite) {
	c := s.create(t, 4*s.MemoryLimit)
	mustInvoke(t, c, Event{Touch: 1})
	if err := c.Resize(s.MemoryLimit); err != nil {
		t.Fatalf("shrink: %v", err)
	}
	// It holds on to it: where no cgroup limits it, memory is looked at now and then.
	r, err := invoke(t.Context(), c, Event{Touch: 2 * s.MemoryLimit >> 20, Sleep: 60_000}, long)
	if !errors.Is(err, sandbox.ErrOutOfMemory) && (!s.Spares || err == nil && r.Error == nil) {
		t.Errorf("invoke: %v, %+v; want out of memory", err, r.Error)
	}
}
