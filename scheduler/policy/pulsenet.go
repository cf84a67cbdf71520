package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

const (
	// pulseNetKeep is the keep-alive that the paper found best, and the gap from
	// which on calls are sporadic.
	pulseNetKeep = 60 * time.Second
	// pulseNetTarget is that of Dirigent, on which PulseNet is built.
	pulseNetTarget = dirigentTarget
)

// pulseNet is by Kondrashov et al., Melding the Serverless Control Plane with
// the Conventional Cluster Manager, arXiv 2505.24551, 2025. It has two kinds of
// containers. Regular ones follow an autoscaler; a request that finds none of
// them idle gets an emergency container of its own, made for one call. Only
// functions whose calls are mostly less than the keep-alive apart are reported
// to the autoscaler, so that the others leave nothing behind.
//
// In the paper emergency containers start from snapshots, much faster than
// regular ones, and always go after their call; here both are alike, so one
// stays if another would be made in its place at once, because the autoscaler
// wants one more or a request finds no room. A container is an emergency one if
// it gets its first call at the moment when it is ready. The paper spreads them
// over nodes in turn, and so do we; regular ones are packed. The median of the
// gaps is over all of them.
type pulseNet struct {
	plain
	functions table[dualTrack]
	// lastGrant is when the call was granted that is ending in this very step.
	lastGrant engine.Instant
	// turn is the last node that got an emergency container.
	turn uint64
}

var _ engine.Policy = (*pulseNet)(nil)

type dualTrack struct {
	regular autoscaler
	// emergencies are the containers made for one call that run it.
	emergencies int
	// last of all calls; the gap before it was short of the keep-alive so often.
	last         engine.Instant
	calls, short int64
}

var pulseNetEntry = entry{
	Info{
		"pulsenet", familyScaling,
		"A request without an idle container gets one for itself alone; kept ones follow an autoscaler that sees only functions with a median gap below 60 s.",
		"Kondrashov et al., Melding the Serverless Control Plane with the Conventional Cluster Manager (PulseNet), arXiv 2505.24551, 2025",
	},
	func(p plain) engine.Policy { return &pulseNet{plain: p} },
}

func (*pulseNet) Concurrency(*engine.FunctionView) int { return 1 }

// of brings the function up to date: from now on so many of its calls run.
// Those that wait are no load, as in the paper none does.
func (p *pulseNet) of(now engine.Instant, f *engine.FunctionView, running int) *dualTrack {
	t := p.functions.of(f)
	if t.sporadic() {
		running = 0
	}
	t.regular.load.record(now, running)
	if t.regular.next != 0 && !t.sporadic() {
		t.regular.refresh(now, t.kept(f), pulseNetTarget)
	}
	return t
}

// kept is how many containers are regular ones.
func (t *dualTrack) kept(f *engine.FunctionView) int { return f.Ready - t.emergencies }

// recount: each emergency container runs a call, but some may have been lost.
func (t *dualTrack) recount(f *engine.FunctionView) { t.emergencies = min(t.emergencies, f.InFlight) }

// sporadic: half of the gaps or more are no shorter than the keep-alive.
func (t *dualTrack) sporadic() bool { return 2*t.short < t.calls }

func (p *pulseNet) Arrived(now engine.Instant, f *engine.FunctionView) bool {
	t := p.functions.of(f)
	if t.calls > 0 && now.Sub(t.last) < pulseNetKeep {
		t.short++
	}
	t.calls++
	t.last = now
	t.recount(f)
	p.of(now, f, f.InFlight+min(f.Idle, 1))
	return !t.sporadic() && t.regular.next <= now
}

func (p *pulseNet) Started(now engine.Instant, f *engine.FunctionView, _ *engine.ContainerView, _ time.Duration) {
	if f.Waiting > 0 { // it is granted at once
		p.of(now, f, f.InFlight+1).emergencies++
	}
}

func (p *pulseNet) Returned(now engine.Instant, f *engine.FunctionView, call engine.Call) bool {
	p.functions.of(f).recount(f)
	p.of(now, f, f.InFlight-1)
	p.lastGrant = now.Add(-call.Elapsed)
	return false
}

func (p *pulseNet) Retire(now engine.Instant, f *engine.FunctionView, c *engine.ContainerView) bool {
	if c.Uses != 1 || p.lastGrant != c.ReadyAt {
		return false
	}
	t := p.of(now, f, f.InFlight)
	needed := f.Waiting > f.Creating || !t.sporadic() && t.kept(f)+underWay(f) < t.regular.desired
	t.emergencies = max(0, t.emergencies-1)
	return !needed
}

// underWay are the creations that nobody waits for.
func underWay(f *engine.FunctionView) int { return max(0, f.Creating-f.Waiting) }

func (p *pulseNet) Scale(now engine.Instant, f *engine.FunctionView, _ *engine.PoolView) (int, engine.Instant) {
	t := p.of(now, f, f.InFlight)
	emergencies, regular := max(0, f.Waiting-f.Creating), t.kept(f)+underWay(f)
	if t.sporadic() || f.InFlight+f.Waiting+regular <= 0 {
		t.regular.next = 0
		return emergencies, 0
	}
	t.regular.refresh(now, t.kept(f), pulseNetTarget)
	return emergencies + max(0, t.regular.desired-regular), t.regular.next
}

// KeepContainer spares what the autoscaler would make again.
func (p *pulseNet) KeepContainer(now engine.Instant, f *engine.FunctionView, c *engine.ContainerView) time.Duration {
	t := p.of(now, f, f.InFlight)
	if r := &t.regular; r.next != 0 && t.kept(f) <= r.desired {
		return max(pulseNetKeep, r.next.Sub(c.IdleSince))
	}
	return pulseNetKeep
}

func (p *pulseNet) Place(now engine.Instant, f *engine.FunctionView, nodes *engine.Nodes, need engine.Bytes) *engine.NodeView {
	if f.Waiting <= f.Creating {
		return p.plain.Place(now, f, nodes, need)
	}
	var first *engine.NodeView
	for n := range nodes.All() {
		switch {
		case n.Free() < need:
		case n.Serial > p.turn:
			p.turn = n.Serial
			return n
		case first == nil:
			first = n
		}
	}
	if first != nil {
		p.turn = first.Serial
	}
	return first
}

func (p *pulseNet) State(c *engine.Codec) {
	engine.Int(c, &p.turn)
	p.functions.state(c, func(t *dualTrack) {
		t.regular.state(c)
		engine.Int(c, &t.emergencies)
		engine.Int(c, &t.last)
		engine.Int(c, &t.calls)
		engine.Int(c, &t.short)
	})
}
