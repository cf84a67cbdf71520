package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Parameters of CIDRE, from its prototype on OpenLambda.
const (
	// cidreSlack is what waiting and instances are discounted by before they
	// are held against execution and need.
	cidreSlack = 80 // percent
	// cidreHorizon is the time within which the outstanding calls are to be done.
	cidreHorizon = 200 * time.Millisecond
)

// cidre is by Liu et al., Concurrency-Informed Orchestration for Serverless
// Functions, ASPLOS 2025. It speculates: a request that finds only busy
// containers waits for them and has another one started too, and whichever is
// ready first serves it. The speculation is conditional: none is started while
// waiting takes less than running, nor when there are enough to be done with all
// calls in 200 ms. Memory is taken from those with the least calls × start time
// / (memory × containers of the function), aged by the clock of greedy-dual.
//
// The prototype takes one step a second and has the mean wait of the last ten
// calls; ours may step whenever it is asked, which is every 100 ms at least, and
// takes the longest wait of those who still do. Until a call has ended every
// request starts a container.
type cidre struct {
	greedyDual
	executions table[rolling]
}

var _ engine.Policy = (*cidre)(nil)

var cidreEntry = entry{
	Info{
		"cidre", familyScaling,
		"A request waits for a busy container and a new one at once, the new one only if waiting takes longer than running; evicts by calls × start time / (memory × containers).",
		"Liu et al., Concurrency-Informed Orchestration for Serverless Functions (CIDRE), ASPLOS 2025: scaling BSS and CSS, eviction CIP",
	},
	func(p plain) engine.Policy {
		return &cidre{greedyDual: greedyDual{plain: p, worth: func(l *cached, f *engine.FunctionView, c *engine.ContainerView) int64 {
			return l.uses * l.cost.value.Microseconds() / (mebibytes(c) * int64(max(1, f.Ready)))
		}}}
	},
}

func (*cidre) Rules() engine.Rules { return engine.Rules{} }

func (p *cidre) Returned(_ engine.Instant, f *engine.FunctionView, call engine.Call) bool {
	p.executions.of(f).add(call.Elapsed)
	return false
}

func (p *cidre) Scale(now engine.Instant, f *engine.FunctionView, _ *engine.PoolView) (int, engine.Instant) {
	wanted := p.unserved(f)
	instances, execution := f.Ready+f.Creating, p.executions.of(f).mean()
	if wanted == 0 || instances == 0 || execution == 0 {
		return wanted, 0
	}
	if now.Sub(f.OldestWait)*cidreSlack <= execution*percent {
		return 0, 0
	}
	outstanding := f.InFlight + f.Waiting
	desired := min(max(1, int(time.Duration(outstanding)*execution/cidreHorizon)), outstanding)
	if instances*cidreSlack > desired*percent {
		return 0, 0
	}
	return min(wanted, max(1, desired-instances)), 0
}

func (p *cidre) State(c *engine.Codec) {
	p.greedyDual.State(c)
	p.executions.state(c, func(r *rolling) { r.state(c) })
}
