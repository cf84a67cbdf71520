package sim

import (
	"time"

	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// Oracle is a policy that knows the future: every call's arrival and length,
// and how long each container takes to make. It is no competitor but a limit, to
// tell how much of what could be gained a policy gains. The cost that it makes
// small is three quarters of the mean slowdown and one of the normalised memory.
//
// It is meant for the memory platform without faults, where what it foresees is
// what happens. There it plans the whole load in advance, and then has the
// engine carry the plan out. On other platforms calls and creations slow each
// other, which it does not foresee: it is a policy like others there, with good
// knowledge of when calls come.
//
// What it reaches is reached by a schedule that can be had, so the least cost
// possible is no higher. It may be lower, and then a policy can be better than the
// oracle, though none is known. docs/simulator.md says where it is optimal.
type Oracle struct {
	name     string
	foreseen []*foreseen // by function of the workload, as what follows
	plans    []timetable
	names    map[string]int
	// functions of the workload by the engine's index.
	functions []int
	// announces: the engine is told of the functions before their first calls.
	announces bool
}

// OracleConfig says what an oracle knows. All of it must be as in the Config
// that it is to be simulated with.
type OracleConfig struct {
	Workload *trace.Workload
	Platform Platform
	Declared int
	// Seen: a function is not known before its first call, which is cold then, as
	// it is under every policy that cannot guess. Otherwise nothing but
	// the begin of the load comes too early for a container to be ready in time.
	Seen bool
}

// What one unit of mean slowdown and one of normalised memory cost.
const (
	slowdownWeight = 0.75
	memoryWeight   = 0.25
)

// NewOracle plans the workload. It may be used for one simulation.
func NewOracle(cfg OracleConfig) *Oracle {
	o := &Oracle{name: "oracle", names: make(map[string]int), announces: !cfg.Seen}
	if cfg.Seen {
		o.name = "oracle-seen"
	}
	for i, f := range cfg.Workload.Functions {
		o.names[f.Name] = i
	}
	for _, l := range newPlanner(cfg).plan() {
		o.foreseen = append(o.foreseen, l.foreseen)
		o.plans = append(o.plans, l.timetable())
	}
	return o
}

// timetable is what shall happen to a function.
type timetable struct {
	// From each of these instants on there shall be so many containers.
	at   []time.Duration
	want []int
	// comes and starts are when the calls arrive and begin.
	comes, starts []time.Duration
}

// announce tells the engine of all functions before the first call.
func (w *world) announce() {
	if o, ok := w.cfg.Policy.(*Oracle); !w.cfg.Announce && (!ok || !o.announces) {
		return
	}
	for i := range w.specs {
		w.tell(engine.Event{Kind: engine.Announce, Account: w.cfg.Workload.Functions[i].Account, Function: w.specs[i]})
	}
}

// Announced asks for what the plan wants at once.
func (o *Oracle) Announced(engine.Instant, *engine.FunctionView) bool { return true }
