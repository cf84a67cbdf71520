package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

const (
	// knativeTarget is the part of a container's concurrency that is to be used.
	knativeTarget = 70 // percent
	// dirigentTarget: Dirigent fills them.
	dirigentTarget = 100 // percent
	// zeroGrace is how long the last container outlives the decision for none.
	zeroGrace = 30 * time.Second
)

// knative is the default of Knative Serving (pkg/autoscaler/scaling/autoscaler.go
// and config-autoscaler), and with other settings that of Dirigent (Cvetković et
// al., SOSP 2024). It lets the autoscaler decide how many containers there are. Requests
// that find none wait for the next one with room; only the first container of a
// function that has none is made at once.
//
// Knative's default target of 100 calls a pod is replaced by the concurrency of
// our functions. A container that is one too many goes once it is idle, where
// Kubernetes would choose any and let its calls end.
type knative struct {
	plain
	target    int  // percent
	alone     bool // one call a container, whatever the function declares
	functions table[autoscaler]
}

var _ engine.Policy = (*knative)(nil)

var autoscalerEntries = []entry{
	{
		Info{
			"knative", familyScaling,
			"Requests queue; every 2 s the containers follow the concurrency of the last 60 s at 70 % use, or of 6 s in a panic; to zero after 30 s more.",
			"Knative Serving, pod autoscaler (pkg/autoscaler/scaling)",
		},
		func(p plain) engine.Policy { return &knative{plain: p, target: knativeTarget} },
	},
	{
		Info{
			"dirigent", familyScaling,
			"Knative's autoscaler with one call a container and full use.",
			"Cvetković et al., Dirigent: Lightweight Serverless Orchestration, SOSP 2024",
		},
		func(p plain) engine.Policy { return &knative{plain: p, target: dirigentTarget, alone: true} },
	},
}

func (*knative) Rules() engine.Rules { return engine.Rules{} }

func (k *knative) Concurrency(f *engine.FunctionView) int {
	if k.alone {
		return 1
	}
	return k.plain.Concurrency(f)
}

// of brings the function's autoscaler up to date.
func (k *knative) of(now engine.Instant, f *engine.FunctionView, calls int) *autoscaler {
	a := k.functions.of(f)
	a.load.record(now, calls)
	if a.next != 0 {
		a.refresh(now, f.Ready, k.target*k.Concurrency(f))
	}
	return a
}

// Arrived asks for Scale when nothing else would.
func (k *knative) Arrived(now engine.Instant, f *engine.FunctionView) bool {
	return k.of(now, f, f.InFlight+f.Waiting+1).next == 0
}

func (k *knative) Returned(now engine.Instant, f *engine.FunctionView, _ engine.Call) bool {
	k.of(now, f, f.InFlight+f.Waiting-1)
	return false
}

func (k *knative) Scale(now engine.Instant, f *engine.FunctionView, _ *engine.PoolView) (int, engine.Instant) {
	a := k.of(now, f, f.InFlight+f.Waiting)
	if f.InFlight+f.Waiting+f.Ready+f.Creating == 0 {
		a.next = 0
		return 0, 0
	}
	if a.next == 0 {
		a.refresh(now, f.Ready, k.target*k.Concurrency(f))
	}
	if f.Waiting > 0 {
		a.desired = max(a.desired, 1)
	}
	return max(0, a.desired-f.Ready-f.Creating), a.next
}

// KeepContainer holds until the next decision unless there are too many.
func (k *knative) KeepContainer(now engine.Instant, f *engine.FunctionView, c *engine.ContainerView) time.Duration {
	a := k.of(now, f, f.InFlight+f.Waiting)
	switch {
	case a.next == 0: // adopted, and never called
		return zeroGrace
	case f.Ready > max(1, a.desired), a.desired == 0 && now >= a.zeroSince.Add(zeroGrace):
		return 0
	}
	return a.next.Sub(c.IdleSince)
}

func (k *knative) State(c *engine.Codec) {
	k.functions.state(c, func(a *autoscaler) { a.state(c) })
}
