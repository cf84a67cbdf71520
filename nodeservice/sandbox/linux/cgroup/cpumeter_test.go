//go:build !race

package cgroup

import (
	"testing"
	"time"
)

// TestCPUMeter reads twice with every invocation: it counts, without an allocation.
func TestCPUMeter(t *testing.T) {
	h, path := open(t)
	g, err := h.Create(path, Limits{CPU: 1})
	if err != nil {
		t.Fatal(err)
	}
	m := g.CPUMeter()
	if m == nil {
		t.Skip("nothing counts the group's CPU")
	}
	defer m.Close()
	sleeper(t, g, "while :; do :; done")
	for begun := time.Now(); m.Read() < 10*time.Millisecond; time.Sleep(time.Millisecond) {
		if time.Since(begun) > 10*time.Second {
			t.Fatalf("a busy group's CPU stays at %v", m.Read())
		}
	}
	if n := testing.AllocsPerRun(100, func() { m.Read() }); n > 0 {
		t.Errorf("%v allocations to read it", n)
	}
}
