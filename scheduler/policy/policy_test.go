package policy

import (
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

const megabyte = engine.Bytes(1 << 20)

// at is so long after the engine's start.
func at(d time.Duration) engine.Instant { return engine.Instant(0).Add(d) }

func newSuite[P engine.Policy](t *testing.T, name string) P {
	t.Helper()
	made, err := New(name)
	if err != nil {
		t.Fatal(err)
	}
	p, ok := made.(P)
	if !ok {
		t.Fatalf("policy %s is a %T", name, made)
	}
	return p
}

func function(memory engine.Bytes) *engine.FunctionView {
	return &engine.FunctionView{Spec: &engine.FunctionSpec{Name: "f", Memory: memory}}
}

func TestEveryPolicyIsDescribed(t *testing.T) {
	seen := make(map[string]bool)
	for i, info := range All() {
		if seen[info.Name] || info.Name != Names[i] {
			t.Errorf("%d is %q, listed as %q; want one name each", i, info.Name, Names[i])
		}
		seen[info.Name] = true
		if info.Family == "" || info.Summary == "" || info.Source == "" && info.Name != "adaptive" {
			t.Errorf("%+v: not described", info)
		}
		p, err := New(info.Name)
		if err != nil {
			t.Fatal(err)
		}
		if p.Name() != info.Name {
			t.Errorf("policy %q calls itself %q", info.Name, p.Name())
		}
	}
}

// What the plain answers promise: a container for every unserved request, less
// those under way, each with room for as many calls as are declared.
func TestPlainScale(t *testing.T) {
	for _, c := range []struct{ waiting, creating, concurrency, want int }{
		{0, 0, 0, 0}, {3, 0, 0, 3}, {3, 2, 0, 1}, {3, 5, 0, 0}, {3, 0, 2, 2}, {4, 1, 4, 0},
	} {
		f := &engine.FunctionView{Spec: &engine.FunctionSpec{Concurrency: c.concurrency}, Waiting: c.waiting, Creating: c.creating}
		if got, _ := (plain{}).Scale(0, f, nil); got != c.want {
			t.Errorf("%+v: creates %d", c, got)
		}
	}
}
