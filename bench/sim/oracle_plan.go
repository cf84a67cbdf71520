package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// What the engine bounds unless it is configured otherwise: how long a call
// waits, here less, as a container may come late, and how many calls of a
// function do.
const (
	maxWait    = 59 * time.Second
	queueLimit = 1000
)

// planner plans all functions of a workload.
type planner struct {
	price    price
	length   time.Duration // of the load
	capacity engine.Bytes  // of all nodes
	foreseen []*foreseen
	total    int // calls of all functions
}

// price of one call's slowdown, and of one byte held for a second, in cost.
type price struct{ slowdown, byteSecond float64 }

func newPlanner(cfg OracleConfig) *planner {
	w := cfg.Workload
	p := &planner{length: w.Length, capacity: engine.Bytes(cfg.Platform.offered()) * engine.Bytes(cfg.Platform.Nodes)}
	if busy := BusyMemory(w) * w.Length.Seconds(); busy > 0 {
		p.price.byteSecond = memoryWeight / busy
	}
	for _, n := range w.Count() {
		p.total += n
	}
	p.price.slowdown = slowdownWeight / float64(max(1, p.total))
	p.foresee(cfg)
	return p
}

const (
	// How often the functions are planned in another order: at most so many
	// times, and so many calls altogether.
	attemptsAtMost     = 100
	attemptCallsAtMost = 2_500_000
	// promotionDampening is by how much less far than all the way to the front the
	// function that came off worst moves. With less the order changes too much
	// for the next attempt to profit from the last; with 30 it changes too slowly.
	promotionDampening = 10
)

// plan plans every function. With enough memory they have nothing to do with
// each other. Otherwise plans in which calls share containers may fail, as nothing
// keeps the engine from adding one: so plans without are made, too.
func (p *planner) plan() []line {
	for _, f := range p.foreseen {
		p.settle(f)
	}
	if alone, _ := p.attempt(p.order(), nil); p.usage(alone) <= p.capacity {
		return alone
	}
	best, least := p.crowd()
	shared := false
	for i, f := range p.foreseen {
		shared = shared || f.limit > 1
		p.foreseen[i] = f.unshared()
		p.settle(p.foreseen[i])
	}
	if shared {
		if lines, cost := p.crowd(); cost < least {
			return lines
		}
	}
	return best
}

// crowd plans functions that have too little room together: one after the other,
// each in the room that those before have left. First are those whose calls
// suffer most from waiting, by the memory-time that they take. That is
// repeated with those moved ahead that came off badly, and the best plan counts:
// squeaky wheel optimization (Joslin and Clements, JAIR 1999).
func (p *planner) crowd() (best []line, least float64) {
	order := p.order()
	rank := make([]float64, len(order))
	for i, f := range order {
		rank[f] = float64(i)
	}
	for n := range min(attemptsAtMost, 1+attemptCallsAtMost/max(1, p.total)) {
		lines, cost := p.attempt(order, newProfile(p.horizon(), p.capacity))
		if n == 0 || cost < least {
			best, least = lines, cost
		}
		promote(order, rank, lines)
	}
	return best, least
}

// attempt plans the functions in that order.
func (p *planner) attempt(order []int, room *profile) (lines []line, cost float64) {
	lines = make([]line, len(order))
	for _, f := range order {
		lines[f] = line{foreseen: p.foreseen[f], planner: p, room: room}
		lines[f].plan()
		cost += lines[f].cost()
	}
	return lines, cost
}

// order is by the slowdown of a second's wait by the memory-time of the calls,
// the highest first.
func (p *planner) order() []int {
	order := make([]int, len(p.foreseen))
	density := make([]float64, len(order))
	for i := range p.foreseen {
		order[i] = i
		f, hurts, takes := p.foreseen[i], 0.0, leastWork
		for j := range f.calls {
			hurts += f.calls[j].slowdown(time.Second)
			takes += f.calls[j].takes
		}
		density[i] = hurts / (float64(f.memory) * takes.Seconds())
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(density[b], density[a]) })
	return order
}

// promote moves functions ahead whose calls are delayed, by rank of what that costs.
func promote(order []int, rank []float64, lines []line) {
	worst := slices.Clone(order)
	slices.SortStableFunc(worst, func(a, b int) int { return cmp.Compare(lines[b].delayed, lines[a].delayed) })
	for i, f := range worst {
		if lines[f].delayed > 0 {
			rank[f] -= float64(len(order)) / float64(i+promotionDampening)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rank[a], rank[b]) })
}

// horizon is when everything is over.
func (p *planner) horizon() time.Duration {
	last := p.length
	for i := range p.foreseen {
		for _, c := range p.foreseen[i].calls {
			last = max(last, c.arrives+c.takes+maxWait)
		}
	}
	return last
}

// usage is the most memory that the plans take at once.
func (p *planner) usage(lines []line) engine.Bytes {
	type change struct {
		at   time.Duration
		more engine.Bytes
	}
	var all []change
	for i := range lines {
		for _, s := range lines[i].steps {
			all = append(all, change{s.at, engine.Bytes(s.more) * lines[i].memory})
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
