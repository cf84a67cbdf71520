package sim

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// tiny is a random function with few calls, none of which comes too early for a container.
func tiny(rng *rand.Rand, calls int) *foreseen {
	f := &foreseen{memory: 1, limit: 1, cold: time.Duration(1+rng.IntN(8)) * time.Second}
	at := 10 * time.Second
	for range calls {
		at += time.Duration(rng.IntN(5)) * time.Second
		f.calls = append(f.calls, foreseenCall{at, time.Duration(1+rng.IntN(6)) * time.Second})
	}
	return f
}

func planTiny(f *foreseen, slowdown float64) *line {
	p := &planner{price: price{slowdown, 1}, length: time.Hour}
	p.settle(f)
	l := &line{foreseen: f, planner: p}
	l.plan()
	return l
}

// cheapest is the least cost of all ways to serve the calls from the i-th on,
// first come, first served, each as soon as it can be or when another call
// ends. A container that is not kept is made anew: either takes the shorter of
// the two. ends are those of the calls that have no successor in their container.
func cheapest(f *foreseen, i int, floor time.Duration, ends, all []time.Duration, slowdown float64) float64 {
	if i == len(f.calls) {
		return 0
	}
	call := &f.calls[i]
	first := max(call.arrives, floor)
	best := math.Inf(1)
	for _, at := range append([]time.Duration{first}, all...) {
		if at < first || slowdown == 0 && at > first {
			continue
		}
		cost := slowdown*call.slowdown(at-call.arrives) + call.takes.Seconds()
		end := at + call.takes
		rest := func(ends []time.Duration) float64 {
			return cheapest(f, i+1, at, append(ends[:len(ends):len(ends)], end), append(all[:len(all):len(all)], end), slowdown)
		}
		best = min(best, cost+f.cold.Seconds()+rest(ends))
		for j, e := range ends {
			if e <= at {
				others := append(append([]time.Duration{}, ends[:j]...), ends[j+1:]...)
				best = min(best, cost+min(at-e, f.cold).Seconds()+rest(others))
			}
		}
	}
	return best
}

// Without memory limit and without delay nothing is cheaper than the plan.
func TestLineIsOptimalWithoutDelay(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		f := tiny(rng, 7)
		l := planTiny(f, 1e9) // delay is out of the question
		want := cheapest(f, 0, 0, nil, nil, 0)
		if got := l.held.Seconds(); math.Abs(got-want) > 1e-6 || l.delayed != 0 {
			t.Fatalf("%+v: containers are there for %v s, delays cost %v: want %v s and none", f, got, l.delayed, want)
		}
	}
}

// With delays the plan is no better than the best one, hence possible, and not much worse.
func TestLineIsNearOptimal(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	sum, worst, n := 0.0, 0.0, 300
	for range n {
		f := tiny(rng, 5)
		slowdown := 0.5 * float64(1+rng.IntN(20))
		ratio := planTiny(f, slowdown).cost() / cheapest(f, 0, 0, nil, nil, slowdown)
		if ratio < 1-1e-9 {
			t.Fatalf("%+v: the plan costs %v of the cheapest", f, ratio)
		}
		sum += ratio
		worst = max(worst, ratio)
	}
	t.Logf("cost of plans by the least possible: mean %.4f, at most %.4f", sum/float64(n), worst)
	if sum/float64(n) > 1.04 || worst > 1.5 {
		t.Errorf("plans cost %v times the least possible in the mean and %v at most: want 1.04 and 1.5", sum/float64(n), worst)
	}
}

// Plans that share containers or find little room: what the engine could not do shows.
func TestLineKeepsTheRules(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 100 {
		f := tiny(rng, 40)
		f.limit = 1 + rng.IntN(4)
		f.known, f.reluctance = f.calls[0].arrives, 1
		l := line{foreseen: f, planner: &planner{price: price{1, 1}, length: time.Hour}, room: newProfile(10*time.Minute, 3)}
		l.plan()
		for i, at := range l.starts {
			if at < f.calls[i].arrives || i > 0 && at < l.starts[i-1] || at < f.known+f.cold {
				t.Fatalf("call %d of %+v begins at %v, the one before at %v", i, f, at, l.starts[max(0, i-1)])
			}
		}
		n := 0
		for i, s := range l.steps {
			if n += s.more; n < 0 || s.at < f.known || i > 0 && s.at <= l.steps[i-1].at || f.limit == 1 && n > 3 {
				t.Fatalf("%d containers at %v", n, s.at)
			}
		}
		if n != 0 {
			t.Fatalf("%d containers are left", n)
		}
	}
}
