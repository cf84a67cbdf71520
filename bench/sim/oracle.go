package sim

import (
	"slices"
	"sort"
	"time"

	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// OracleConfig says what an oracle knows: it must be what is simulated.
type OracleConfig struct {
	Workload *trace.Workload
	Platform Platform
	// Declared is the concurrency that every function declares.
	Declared int
	// Seen: it knows nothing of a function before its first call.
	Seen bool
}

// Oracle is a policy that knows the future.
type Oracle struct {
	cfg      OracleConfig
	foreseen []foreseen
	plans    []plan // by function of the workload
	byName   map[string]int
	byIndex  []int // functions of the workload by the engine's index
}

// plan is how many containers a function shall have, over time.
type plan struct {
	at   []time.Duration
	want []int
	// starts are when the calls begin, in order of arrival.
	starts []time.Duration
}

var _ engine.Policy = (*Oracle)(nil)

// NewOracle plans the whole workload.
func NewOracle(cfg OracleConfig) *Oracle {
	o := &Oracle{cfg: cfg, byName: make(map[string]int)}
	p := planner{cfg: cfg, capacity: engine.Bytes(cfg.Platform.offered()) * engine.Bytes(cfg.Platform.Nodes)}
	o.foreseen = foresee(cfg)
	p.foreseen = o.foreseen
	calls := 0
	for i := range o.foreseen {
		o.byName[cfg.Workload.Functions[i].Name] = i
		calls += len(o.foreseen[i].calls)
	}
	p.price.slowdown = 0.75 / float64(max(1, calls))
	if busy := BusyMemory(cfg.Workload) * cfg.Workload.Length.Seconds(); busy > 0 {
		p.price.byteSecond = 0.25 / busy
	}
	for _, l := range p.plan() {
		made := plan{starts: l.starts}
		n := 0
		for _, s := range l.steps {
			n += s.more
			made.at, made.want = append(made.at, s.at), append(made.want, n)
		}
		o.plans = append(o.plans, made)
	}
	return o
}

// foresee reads the workload.
func foresee(cfg OracleConfig) []foreseen {
	all := make([]foreseen, len(cfg.Workload.Functions))
	touch := make([]int64, len(all))
	for c := range cfg.Workload.Calls() {
		f := &all[c.Function]
		if len(f.calls) == 0 && cfg.Seen {
			f.known = c.Offset
		}
		alone := c.CPU + c.Sleep
		takes := alone
		if !cfg.Platform.Unhindered {
			cores := min(1, 0.67*float64(cfg.Workload.Functions[c.Function].Memory)/gib)
			takes = time.Duration(float64(c.CPU)/cores) + c.Sleep
		}
		f.calls = append(f.calls, foreseenCall{c.Offset, takes, alone})
		touch[c.Function] = max(touch[c.Function], c.Touch)
	}
	for i := range all {
		f, function := &all[i], &cfg.Workload.Functions[i]
		creation := cfg.Platform.Create(i)
		f.cold = creation.Delay + creation.CPU
		f.memory, f.limit = engine.Bytes(function.Memory), max(1, cfg.Declared)
		if cfg.Platform.Unhindered {
			if touch[i] == 0 && cfg.Declared == 0 {
				f.limit = 1 << 30
				touch[i] = 0
			}
			f.memory = engine.Bytes(resident(creation.Memory, function) + touch[i]*int64(f.limit))
		}
	}
	return all
}

func (o *Oracle) of(f *engine.FunctionView) int {
	for len(o.byIndex) <= f.Index {
		o.byIndex = append(o.byIndex, -1)
	}
	if o.byIndex[f.Index] < 0 {
		o.byIndex[f.Index] = o.byName[f.Spec.Name]
	}
	return o.byIndex[f.Index]
}

// position is the first step after now, and how many containers there shall be
// now or within a tick.
func (p *plan) position(now engine.Instant) (next, want int) {
	next = sort.Search(len(p.at), func(i int) bool { return p.at[i] > time.Duration(now) })
	if next > 0 {
		want = p.want[next-1]
	}
	for i := next; i < len(p.at) && p.at[i] < time.Duration(now)+tick; i++ {
		want = max(want, p.want[i])
	}
	return next, want
}

func (o *Oracle) Name() string {
	if o.cfg.Seen {
		return "oracle-seen"
	}
	return "oracle"
}

func (*Oracle) Rules() engine.Rules { return engine.Rules{} }

func (o *Oracle) Size(f *engine.FunctionView) engine.Size {
	return engine.Size{Memory: o.foreseen[o.of(f)].memory}
}

func (o *Oracle) Concurrency(f *engine.FunctionView) int { return o.foreseen[o.of(f)].limit }

// due counts the calls that are to begin by then and that nobody serves yet.
func (o *Oracle) due(now, then engine.Instant, f *engine.FunctionView) int {
	i := o.of(f)
	calls, starts := o.foreseen[i].calls, o.plans[i].starts
	arrived := sort.Search(len(calls), func(i int) bool { return calls[i].arrives > time.Duration(now) })
	served := max(0, arrived-f.Waiting)
	return sort.Search(len(starts), func(i int) bool { return starts[i] > time.Duration(then) }) - served
}

// Scale makes what the plan has. What finds no room is tried again.
func (o *Oracle) Scale(now engine.Instant, f *engine.FunctionView, _ *engine.PoolView) (int, engine.Instant) {
	i := o.of(f)
	p, known := &o.plans[i], &o.foreseen[i]
	next, want := p.position(now)
	have := f.Ready + f.Creating
	if late := min(f.Waiting, o.due(now, now, f)); late > 0 {
		want = max(want, f.Ready-f.Idle+(late-1)/known.limit+1)
	}
	if have < want {
		soon := o.due(now, now.Add(known.cold+2*tick), f) - f.Idle - f.Creating
		return max(0, min(want-have, soon)), now + 1
	}
	for ; next < len(p.at); next++ {
		if p.want[next] > have {
			return 0, engine.Instant(p.at[next])
		}
	}
	return 0, 0
}

func (*Oracle) Place(_ engine.Instant, _ *engine.FunctionView, nodes *engine.Nodes, need engine.Bytes) *engine.NodeView {
	return nodes.BestFit(need)
}

// KeepContainer keeps it until there are more containers than planned.
func (o *Oracle) KeepContainer(now engine.Instant, f *engine.FunctionView, c *engine.ContainerView) time.Duration {
	p := &o.plans[o.of(f)]
	next, want := p.position(now)
	have := f.Ready + f.Creating
	if want < have {
		return 0
	}
	for ; next < len(p.at); next++ {
		if p.want[next] < have {
			return engine.Instant(p.at[next]).Sub(c.IdleSince)
		}
	}
	return engine.Forever
}

func (*Oracle) KeepNode(engine.Instant, *engine.NodeView, *engine.PoolView) time.Duration {
	return engine.Forever
}

// Retire keeps those who wait from a container that is planned to go: the engine
// would give it to the first of them.
func (o *Oracle) Retire(now engine.Instant, f *engine.FunctionView, c *engine.ContainerView) bool {
	return c.InFlight == 0 && f.Waiting > 0 && o.due(now, now.Add(2*tick), f) <= 0
}

func (o *Oracle) Evict(now engine.Instant, f *engine.FunctionView, _ *engine.ContainerView, _ *engine.PoolView) (int64, bool) {
	_, want := o.plans[o.of(f)].position(now)
	return 0, want < f.Ready+f.Creating
}

func (*Oracle) Arrived(engine.Instant, *engine.FunctionView) bool                                  { return false }
func (*Oracle) Returned(engine.Instant, *engine.FunctionView, engine.Call) bool                    { return true }
func (*Oracle) Reused(engine.Instant, *engine.FunctionView, time.Duration)                         {}
func (*Oracle) Expired(engine.Instant, *engine.FunctionView, time.Duration)                        {}
func (*Oracle) Evicted(engine.Instant, *engine.FunctionView, *engine.ContainerView, int64)         {}
func (*Oracle) Started(engine.Instant, *engine.FunctionView, *engine.ContainerView, time.Duration) {}
func (*Oracle) Reserved(engine.Instant, time.Duration)                                             {}
func (*Oracle) State(*engine.Codec)                                                                {}

// announce tells the engine of all functions that are called, before the first
// call: each is asked for once, and given up at once. An engine knows a function
// from its first request on, so that nobody else could make containers before.
func (w *world) announce() {
	o, ok := w.cfg.Policy.(*Oracle)
	if !ok || o.cfg.Seen {
		return
	}
	for i := range o.foreseen {
		if len(o.foreseen[i].calls) == 0 {
			continue
		}
		for _, ev := range []engine.Event{
			{Kind: engine.Acquire, Function: w.specs[i]},
			{Kind: engine.Cancel},
		} {
			ev.Ticket, ev.Account = 0, w.cfg.Workload.Functions[i].Account
			w.actions = w.engine.Step(0, &ev, w.actions[:0])
			w.actions = slices.DeleteFunc(w.actions, func(a engine.Action) bool { return a.Kind == engine.Refuse })
			for j := range w.actions {
				w.carryOut(&w.actions[j])
			}
		}
	}
}
