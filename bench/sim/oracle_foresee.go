package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// foreseen is what the oracle knows of one function.
type foreseen struct {
	calls []foreseenCall // in order of arrival
	// memory of a container, in which limit calls run at once; making one takes cold.
	memory engine.Bytes
	limit  int
	cold   time.Duration
	// known is when the function gets known: nothing is made for it before.
	known time.Duration
}

// foreseenCall is one call, and how long it takes in a container.
type foreseenCall struct{ arrives, takes time.Duration }

// slowdown that a delay adds.
func (c *foreseenCall) slowdown(delay time.Duration) float64 {
	return float64(delay) / float64(max(c.takes, leastWork))
}

// foresee reads the workload. Where containers are, memory and concurrency are
// those declared; on a platform where only memory is short, they are what costs least.
func (p *planner) foresee(cfg OracleConfig) {
	p.foreseen = make([]foreseen, len(cfg.Workload.Functions))
	touched := make([]int64, len(p.foreseen))
	for c := range cfg.Workload.Calls() {
		f := &p.foreseen[c.Function]
		if len(f.calls) == 0 && cfg.Seen {
			f.known = c.Offset
		}
		timeout := cfg.Workload.Functions[c.Function].Timeout
		if timeout <= 0 {
			timeout = defaultTimeout
		}
		f.calls = append(f.calls, foreseenCall{c.Offset, min(c.CPU+c.Sleep, timeout)})
		touched[c.Function] = max(touched[c.Function], c.Touch)
	}
	for i := range p.foreseen {
		f, function, creation := &p.foreseen[i], &cfg.Workload.Functions[i], cfg.Platform.Create(i)
		f.cold = creation.Delay + creation.CPU
		f.memory, f.limit = engine.Bytes(function.Memory), max(1, cfg.Declared)
		if cfg.Platform.Unhindered {
			p.share(f, function, resident(creation.Memory, function), touched[i], cfg.Declared)
		}
	}
}

// share settles how many calls at once a container runs, and so its memory: own,
// and for each call the most that one touches. Where calls touch none, as many as
// may; else it tries powers of two.
func (p *planner) share(f *foreseen, function *trace.Function, own, touched int64, declared int) {
	if touched == 0 {
		f.limit, f.memory = cmp.Or(declared, max(1, len(f.calls))), engine.Bytes(max(1, own))
		return
	}
	most := f.peak()
	if declared > 0 {
		most = min(most, declared)
	}
	least := -1.0
	memory, limit := engine.Bytes(0), 0
	for n := 1; n < 2*most; n *= 2 {
		f.limit = min(n, most)
		f.memory = engine.Bytes(own + touched*int64(f.limit))
		if f.memory > p.capacity && least >= 0 {
			break
		}
		l := line{foreseen: f, planner: p}
		l.plan()
		if cost := l.cost(); least < 0 || cost < least {
			least, memory, limit = cost, f.memory, f.limit
		}
	}
	f.memory, f.limit = memory, limit
}

// peak is how many calls are in flight at most if none waits, 1 at least.
func (f *foreseen) peak() int {
	ends := make([]time.Duration, len(f.calls))
	for i, c := range f.calls {
		ends[i] = c.arrives + c.takes
	}
	slices.Sort(ends)
	over, peak := 0, 1
	for i, c := range f.calls {
		for ends[over] <= c.arrives && over < i {
			over++
		}
		peak = max(peak, i+1-over)
	}
	return peak
}
