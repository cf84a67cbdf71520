package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// plain gives every question the answer that is usual on the platforms of the
// field. The published policies embed it, so that each is compared by what it
// does otherwise: a container of the declared size and concurrency (1 if none
// is declared) for every request that finds none, on the fullest node that has
// room; kept until the memory is needed, when the longest idle one goes.
type plain struct{ name string }

var _ engine.Policy = plain{}

// keepEmptyNode is how long a node without containers is held. The published
// policies take their nodes for given, so all of them get the same.
const keepEmptyNode = 30 * time.Second

func (p plain) Name() string { return p.name }

func (plain) Rules() engine.Rules { return engine.Rules{BindsEarly: true} }

func (plain) Size(f *engine.FunctionView) engine.Size { return engine.Size{Memory: f.Spec.Memory} }

func (plain) Concurrency(f *engine.FunctionView) int { return max(1, f.Spec.Concurrency) }

func (p plain) Scale(_ engine.Instant, f *engine.FunctionView, _ *engine.PoolView) (int, engine.Instant) {
	return p.unserved(f), 0
}

// unserved is how many more containers those who wait would fill.
func (p plain) unserved(f *engine.FunctionView) int {
	return max(0, ceilDiv(f.Waiting, p.Concurrency(f))-f.Creating)
}

func (plain) Place(_ engine.Instant, _ *engine.FunctionView, nodes *engine.Nodes, need engine.Bytes) *engine.NodeView {
	return nodes.BestFit(need)
}

func (plain) KeepContainer(engine.Instant, *engine.FunctionView, *engine.ContainerView) time.Duration {
	return engine.Forever
}

func (plain) KeepNode(engine.Instant, *engine.NodeView, *engine.PoolView) time.Duration {
	return keepEmptyNode
}

// Pace and Wait: none of the field's bounds its creations, or refuses early.

func (plain) Pace(*engine.PoolView) int { return 0 }

func (plain) Wait(engine.Instant, *engine.FunctionView, *engine.PoolView) time.Duration { return 0 }

func (plain) Retire(engine.Instant, *engine.FunctionView, *engine.ContainerView) bool { return false }

// Evict spares everything while another node may be had.
func (plain) Evict(_ engine.Instant, _ *engine.FunctionView, c *engine.ContainerView, wanted *engine.FunctionView) (int64, bool) {
	return int64(c.IdleSince), needed(wanted)
}

// needed: the container's memory is needed, as no other node is to be had.
func needed(wanted *engine.FunctionView) bool { return wanted != nil && wanted.Pool.Exhausted }

// Urgency: first come, first served.
func (plain) Urgency(_ engine.Instant, f *engine.FunctionView) int64 { return int64(f.OldestWait) }

// It learns nothing.

func (plain) Announced(engine.Instant, *engine.FunctionView) bool             { return false }
func (plain) Arrived(engine.Instant, *engine.FunctionView) bool               { return false }
func (plain) Returned(engine.Instant, *engine.FunctionView, engine.Call) bool { return false }
func (plain) Reused(engine.Instant, *engine.FunctionView, time.Duration)      {}
func (plain) Expired(engine.Instant, *engine.FunctionView, time.Duration)     {}
func (plain) Reserved(engine.Instant, time.Duration)                          {}
func (plain) State(*engine.Codec)                                             {}

func (plain) Evicted(engine.Instant, *engine.FunctionView, *engine.ContainerView, int64) {}
func (plain) Started(engine.Instant, *engine.FunctionView, *engine.ContainerView, time.Duration) {
}

type integer interface{ ~int | ~int64 }

// ceilDiv is a/b rounded up, for a not negative and b positive.
func ceilDiv[T integer](a, b T) T { return (a + b - 1) / b }

// table holds what a policy knows of each function, by FunctionView.Index; nil
// where it knows nothing.
type table[T any] struct{ rows []*T }

func (t *table[T]) of(f *engine.FunctionView) *T {
	for len(t.rows) <= f.Index {
		t.rows = append(t.rows, nil)
	}
	if t.rows[f.Index] == nil {
		t.rows[f.Index] = new(T)
	}
	return t.rows[f.Index]
}

// state writes or reads all rows, each by the function given.
func (t *table[T]) state(c *engine.Codec, row func(*T)) {
	n := c.Len(len(t.rows))
	if c.Reading() {
		t.rows = make([]*T, n)
	}
	for i := range t.rows {
		known := t.rows[i] != nil
		engine.Bool(c, &known)
		if !known {
			continue
		}
		if c.Reading() {
			t.rows[i] = new(T)
		}
		row(t.rows[i])
	}
}
