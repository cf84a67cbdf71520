package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// foreseen is what the oracle knows of one function.
type foreseen struct {
	calls []foreseenCall // in order of arrival
	// memory of a container, in which limit calls run at once; making one takes cold.
	memory engine.Bytes
	limit  int
	// alone is what a container needs for one call.
	alone engine.Bytes
	cold  time.Duration
	// reluctance is by how much cheaper a wait for another call's end must be than a
	// new container; 0: there are no such waits.
	reluctance float64
	// known is when the function gets known: nothing is made for it before.
	known time.Duration
}

// foreseenCall is one call, and how long it takes in a container; not less than
// a tick, so that no container is given up at the instant at which a call comes.
type foreseenCall struct{ arrives, takes time.Duration }

// slowdown that a delay adds.
func (c *foreseenCall) slowdown(delay time.Duration) float64 {
	return float64(delay) / float64(c.takes)
}

// foresee reads the workload. Where containers are, memory and concurrency are
// those declared; on a platform where only memory is short, they are what costs least.
func (p *planner) foresee(cfg OracleConfig) {
	p.foreseen = make([]*foreseen, len(cfg.Workload.Functions))
	for i := range p.foreseen {
		p.foreseen[i] = new(foreseen)
	}
	touched := make([]int64, len(p.foreseen))
	for c := range cfg.Workload.Calls() {
		f := p.foreseen[c.Function]
		if len(f.calls) == 0 && cfg.Seen {
			f.known = c.Offset
		}
		timeout := cfg.Workload.Functions[c.Function].Timeout
		if timeout <= 0 {
			timeout = defaultTimeout
		}
		f.calls = append(f.calls, foreseenCall{c.Offset, max(leastWork, min(c.CPU+c.Sleep, timeout))})
		touched[c.Function] = max(touched[c.Function], c.Touch)
	}
	for i := range p.foreseen {
		f, function, creation := p.foreseen[i], &cfg.Workload.Functions[i], cfg.Platform.Create(i)
		f.cold = creation.Delay + creation.CPU
		f.memory, f.limit = engine.Bytes(function.Memory), max(1, cfg.Declared)
		f.alone = f.memory
		if cfg.Platform.Unhindered {
			p.share(f, resident(creation.Memory, function), touched[i], cfg.Declared)
		}
	}
}

// share settles how many calls at once a container runs, and so its memory: own,
// and for each call the most that one touches. Where calls touch none, as many as
// may; else it tries powers of two.
func (p *planner) share(f *foreseen, own, touched int64, declared int) {
	f.alone = engine.Bytes(max(1, own+touched))
	if touched == 0 {
		f.limit, f.memory = cmp.Or(declared, max(1, len(f.calls))), f.alone
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
		if cost := p.settle(f); least < 0 || cost < least {
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

// unshared is the function with a container for each call.
func (f *foreseen) unshared() *foreseen {
	g := *f
	g.limit, g.memory = 1, g.alone
	return &g
}

// settle finds the reluctance with which serving the function alone costs least,
// and that cost.
func (p *planner) settle(f *foreseen) float64 {
	best, least := 0.0, -1.0
	for _, f.reluctance = range []float64{0, 1, 2, 4, 8} {
		l := line{foreseen: f, planner: p}
		l.plan()
		if cost := l.cost(); least < 0 || cost < least {
			best, least = f.reluctance, cost
		}
	}
	f.reluctance = best
	return least
}
