package cgroup

import (
	"runtime"
	"testing"
	"time"
)

// TestFreeze: a frozen process does nothing, goes on when it is thawed, and can be killed frozen.
func TestFreeze(t *testing.T) {
	h, path := open(t)
	if h.v2 {
		t.Skip("sleeper enters by v1")
	}
	g, err := h.Create(path, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if !g.Freezes() {
		t.Skip("no freezer here")
	}
	cmd := sleeper(t, g, "while :; do :; done")
	used := func() time.Duration {
		t.Helper()
		u, err := g.Usage()
		if err != nil {
			t.Fatal(err)
		}
		return u.CPU
	}
	until := func(what string, holds func() bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("waited 20 s for %s", what)
			}
		}
	}
	frozen := func() bool { f, err := g.Frozen(); return f && err == nil }
	for range 2 { // again is no error
		if err := g.Freeze(); err != nil {
			t.Fatal(err)
		}
	}
	until("the process to stop", frozen)
	before := used()
	if runtime.Gosched(); used() != before {
		t.Error("a frozen process uses CPU")
	}
	for range 2 {
		if err := g.Thaw(); err != nil {
			t.Fatal(err)
		}
	}
	until("the process to go on", func() bool { return used() > before })
	if err := g.Freeze(); err != nil {
		t.Fatal(err)
	}
	until("the process to stop again", frozen)
	if err := g.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("process ended: %v, want killed", err)
	}
}
