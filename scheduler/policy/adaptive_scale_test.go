package policy

import (
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// A cold start takes 500 ms.
func TestScale(t *testing.T) {
	for _, c := range []struct {
		name               string
		without            Part
		execution, elapsed time.Duration // of calls that have ended, of the one that runs
		waiting, ready     int
		creating           int
		concurrency, nodes int
		want               int
	}{
		{"nothing waits", 0, ms, 0, 0, 1, 0, 1, 32, 0},
		{"first call", 0, 0, 0, 1, 0, 0, 1, 32, 1},
		{"the first container is under way", 0, 0, 0, 5, 0, 1, 1, 32, 0},
		{"without a container one is made", 0, ms, 0, 1, 0, 0, 1, 32, 1},
		{"short calls wait: 0.2 s of work", 0, ms, 0, 200, 1, 0, 1, 32, 0},
		{"they may not", Waiting, ms, 0, 20, 1, 0, 1, 32, 20},
		{"5 s of work: done in 500 ms by 10", 0, 25 * ms, 0, 200, 1, 0, 1, 32, 10},
		{"four of them are under way", 0, 25 * ms, 0, 200, 1, 4, 1, 32, 6},
		{"long calls don't wait", 0, 10 * time.Second, 0, 3, 1, 0, 1, 32, 3},
		{"no more than there are requests", 0, 10 * time.Second, 0, 3, 1, 2, 1, 32, 1},
		{"nor than they fill", 0, 10 * time.Second, 0, 10, 1, 0, 4, 32, 3},
		{"a call that takes longer than ever", 0, ms, 2 * time.Second, 2, 1, 0, 1, 32, 2},
		{"unknown calls, one of which takes long", 0, 0, 4 * time.Second, 200, 1, 0, 1, 32, slowStart},
		{"twice as many as there are", 0, 0, 4 * time.Second, 200, 8, 0, 1, 32, 8},
		{"so many are under way", 0, 0, 4 * time.Second, 200, 8, 8, 1, 32, 0},
	} {
		a, f := newAdaptive(t, AdaptiveConfig{Without: c.without}), inService(t, 128*megabyte, c.ready)
		if c.execution > 0 {
			serve(a, f, 5, c.execution)
		}
		now := at(time.Minute)
		f.Spec.Concurrency, f.Waiting, f.OldestWait, f.Ready, f.Creating = c.concurrency, c.waiting, now, c.ready, c.creating
		f.InFlight, f.OldestGrant = c.ready*c.concurrency, now.Add(-c.elapsed)
		if got, _ := a.Scale(now, f, &engine.PoolView{Nodes: c.nodes, Creating: c.creating}); got != c.want {
			t.Errorf("%s: %d more containers, want %d", c.name, got, c.want)
		}
	}
}

// Of a function that computes, containers are no faster than cores: without a
// great backlog it has one on each node.
func TestScaleOfComputingFunction(t *testing.T) {
	a, f := newAdaptive(t, AdaptiveConfig{Enlarge: true}), inService(t, 128*megabyte, 2)
	for range 5 {
		a.Arrived(0, f)
		a.Returned(0, f, engine.Call{
			Outcome: engine.Outcome{Duration: time.Second, CPU: 900 * ms, MaxMemory: megabyte}, Started: 1, Ended: 1, Alone: true,
			Size: engine.Size{Memory: 128 * megabyte, Booked: 128 * megabyte},
		})
	}
	f.Waiting, f.Ready, f.InFlight = 4, 2, 2
	for nodes, want := range []int{0, 0, 0, 1, 2} {
		if got, _ := a.Scale(0, f, &engine.PoolView{Nodes: nodes}); nodes > 0 && got != want {
			t.Errorf("2 containers and 4 requests on %d nodes: %d more, want %d", nodes, got, want)
		}
	}
}

// debtRounds is after how many rounds, in each of which three calls wait 50 ms,
// another container is asked for.
func debtRounds(t *testing.T, apart time.Duration) int {
	a, f := newAdaptive(t, AdaptiveConfig{}), inService(t, 128*megabyte, 1)
	serve(a, f, 5, 100*ms)
	f.Spec.Concurrency, f.Waiting, f.Ready, f.InFlight = 1, 3, 1, 1
	now := at(time.Minute)
	for round := range 100 {
		f.OldestWait, f.OldestGrant = now, now
		a.Scale(now, f, f.Pool)
		now = now.Add(50 * ms)
		if create, _ := a.Scale(now, f, f.Pool); create > 0 {
			return round
		}
		now = now.Add(apart)
	}
	return 100
}

// Short waits add up until another container costs less, unless they are long ago.
func TestWaitingBecomesADebt(t *testing.T) {
	if got := debtRounds(t, time.Second); got < 2 || got > 40 {
		t.Errorf("every second: another container in round %d, want it after some", got)
	}
	if got := debtRounds(t, time.Minute); got != 100 {
		t.Errorf("every minute: another container in round %d, want none", got)
	}
}

// A burst of short calls waits for the one container there is; a burst of long
// ones does not.
func TestBurstWaitsOrCreates(t *testing.T) {
	for _, c := range []struct {
		took        time.Duration
		least, most int
	}{{2 * ms, 1, 1}, {4 * time.Second, 5, 11}} {
		s := newStand(t, AdaptiveConfig{Without: Sharing}, 1)
		for i := range 5 {
			s.call(time.Duration(i)*5*time.Second, "f", 128*megabyte, sleeps(c.took, megabyte))
		}
		for range 10 {
			s.call(30*time.Second, "f", 128*megabyte, sleeps(c.took, megabyte))
		}
		s.run(40 * time.Second)
		if got := len(s.made["f"]); got < c.least || got > c.most {
			t.Errorf("calls of %v: %d containers, want %d to %d", c.took, got, c.least, c.most)
		}
	}
}
