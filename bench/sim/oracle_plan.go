package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// engineMaxWait is how long the engine lets a call wait, unless it is configured otherwise.
const engineMaxWait = time.Minute

// price of what a plan trades off, as parts of the cost.
type price struct{ slowdown, byteSecond float64 }

// planner plans all functions of a workload.
type planner struct {
	cfg      OracleConfig
	price    price
	foreseen []foreseen
	capacity engine.Bytes
}

// attempts bound how often the functions are planned anew in another order.
const (
	attempts     = 100
	attemptCalls = 4_000_000 // calls planned by all of them
)

// plan finds, for each function, the steps of how many containers there shall
// be. With enough memory the functions have nothing to do with each other.
// Otherwise those are planned first whose calls suffer most from waiting, by
// the memory-time that they need; the others find room around them. Functions
// that were badly off move ahead in the next attempt, and the best one counts
// (squeaky wheel optimization, Joslin and Clements, JAIR 1999).
func (p *planner) plan() []line {
	order := p.order()
	best, _, least := p.attempt(order, nil)
	calls, horizon := 0, time.Duration(0)
	for i := range p.foreseen {
		calls += len(p.foreseen[i].calls)
		for _, c := range p.foreseen[i].calls {
			horizon = max(horizon, c.arrives+c.takes)
		}
	}
	horizon += 2 * engineMaxWait
	if newUsage(best, p.foreseen) <= p.capacity {
		return best
	}
	least = -1
	rank := make([]float64, len(order))
	for i, f := range order {
		rank[f] = float64(i)
	}
	for range min(attempts, max(1, attemptCalls/max(1, calls))) {
		steps, costs, total := p.attempt(order, newProfile(horizon, p.capacity))
		if least < 0 || total < least {
			best, least = steps, total
		}
		p.promote(order, rank, costs)
	}
	return best
}

// promote moves functions ahead by how much they cost.
func (p *planner) promote(order []int, rank []float64, costs []float64) {
	worst := slices.Clone(order)
	slices.SortStableFunc(worst, func(a, b int) int { return cmp.Compare(costs[b], costs[a]) })
	for i, f := range worst {
		if costs[f] > 0 {
			rank[f] -= float64(len(order)) / float64(i+10)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rank[a], rank[b]) })
}

// order is by slowdown per second of waiting and memory-time, the highest first.
func (p *planner) order() []int {
	order := make([]int, len(p.foreseen))
	density := make([]float64, len(p.foreseen))
	for i := range p.foreseen {
		f := &p.foreseen[i]
		order[i] = i
		hurts, takes := 0.0, time.Duration(0)
		for j := range f.calls {
			hurts += f.calls[j].slowdown(time.Second)
			takes += f.calls[j].takes
		}
		density[i] = hurts / float64(float64(f.memory)*max(takes, leastWork).Seconds())
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(density[b], density[a]) })
	return order
}

func (p *planner) attempt(order []int, room *profile) (steps []line, costs []float64, total float64) {
	steps, costs = make([]line, len(order)), make([]float64, len(order))
	for _, f := range order {
		l := line{foreseen: &p.foreseen[f], profile: room, price: p.price}
		l.plan()
		steps[f] = l
		costs[f] = l.cost
		total += l.cost
	}
	return steps, costs, total
}

// newUsage is the most memory that plans need at once.
func newUsage(plans []line, of []foreseen) engine.Bytes {
	type change struct {
		at   time.Duration
		more engine.Bytes
	}
	var all []change
	for i := range plans {
		for _, s := range plans[i].steps {
			all = append(all, change{s.at, engine.Bytes(s.more) * of[i].memory})
		}
	}
	slices.SortFunc(all, func(a, b change) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.more, b.more)) })
	now, most := engine.Bytes(0), engine.Bytes(0)
	for _, c := range all {
		now += c.more
		most = max(most, now)
	}
	return most
}
