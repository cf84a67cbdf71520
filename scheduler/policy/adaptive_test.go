package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

const mib = engine.Bytes(1 << 20)

func newAdaptive(t *testing.T, cfg AdaptiveConfig) *Adaptive {
	t.Helper()
	a, err := NewAdaptive(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestScale(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name                     string
		execution, cold, elapsed time.Duration // execution 0: unknown
		waiting, ready, creating int
		concurrency              int
		want                     int
	}{
		{"nothing waits", 0, 0, 0, 0, 1, 0, 1, 0},
		{"first call", 0, 0, 0, 1, 0, 0, 1, 1},
		{"attach to a creation", 0, 0, 0, 1, 0, 1, 1, 0},
		{"slow start", 0, 0, 0, 200, 0, 0, 1, 5},
		{"slow start, five under way", 0, 0, 0, 200, 0, 5, 1, 0},
		{"slow start doubles", 0, 0, 0, 200, 8, 0, 1, 8},
		{"short calls wait", ms, 500 * ms, 0, 200, 1, 0, 1, 0},
		{"too many even of short calls", 10 * ms, 500 * ms, 0, 200, 1, 0, 1, 4},
		{"some of them under way", 10 * ms, 500 * ms, 0, 200, 1, 3, 1, 1},
		{"long calls don't wait", 10000 * ms, 500 * ms, 0, 3, 1, 0, 1, 3},
		{"never more than requests", 10000 * ms, 500 * ms, 0, 3, 1, 2, 1, 1},
		{"nor than their containers", 10000 * ms, 500 * ms, 0, 10, 1, 0, 4, 3},
		{"a function without containers gets one", ms, 500 * ms, 0, 1, 0, 0, 1, 1},
		{"a call that takes longer than ever", ms, 500 * ms, 2000 * ms, 2, 1, 0, 1, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAdaptive(t, AdaptiveConfig{ColdStart: 500 * ms})
			f := &engine.FunctionView{
				Spec: &engine.FunctionSpec{Concurrency: c.concurrency}, Waiting: c.waiting, Ready: c.ready, Creating: c.creating,
			}
			if c.execution > 0 {
				a.Returned(0, f, engine.Call{Outcome: engine.Outcome{Duration: c.execution}})
			}
			now := engine.Instant(0).Add(time.Minute)
			f.OldestWait = now
			f.InFlight, f.OldestGrant = c.ready*max(1, c.concurrency), now.Add(-c.elapsed)
			if got, _ := a.Scale(now, f, &engine.PoolView{}); got != c.want {
				t.Errorf("%d more containers, want %d", got, c.want)
			}
		})
	}
}

// calls plays n calls of a function that takes alone what alone says, and more
// in company, and returns the concurrency it is then granted.
func calls(a *Adaptive, f *engine.FunctionView, n int, memory engine.Bytes, took func(company int) time.Duration) int {
	for range n {
		company := a.Concurrency(f)
		a.Returned(0, f, engine.Call{
			Outcome: engine.Outcome{Duration: took(company), MaxMemory: memory}, Started: company, Ended: company, Size: engine.Size{Memory: 128 * mib},
		})
	}
	return a.Concurrency(f)
}

func sleeping(int) time.Duration { return 100 * time.Millisecond }

func computing(company int) time.Duration {
	return time.Duration(company) * 100 * time.Millisecond
}

func TestSharingIsLearned(t *testing.T) {
	for _, c := range []struct {
		name     string
		memory   engine.Bytes
		took     func(int) time.Duration
		atLeast  int
		mostEver int
	}{
		{"sleeps", mib, sleeping, 64, 64},
		{"computes", mib, computing, 1, 4},
		{"sleeps and fills its container", 100 * mib, sleeping, 1, 1},
		{"scales to eight", mib, func(n int) time.Duration {
			return 100 * time.Millisecond * time.Duration(max(8, n)) / 8
		}, 4, 16},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAdaptive(t, AdaptiveConfig{})
			f := &engine.FunctionView{Spec: &engine.FunctionSpec{}}
			most := 0
			got := 1
			for range 200 {
				got = calls(a, f, 1, c.memory, c.took)
				most = max(most, got)
			}
			if got < c.atLeast || most > c.mostEver {
				t.Errorf("shares by %d, at most by %d; want at least %d, at most %d", got, most, c.atLeast, c.mostEver)
			}
		})
	}
}

// Where the CPU of a call is known, one call alone tells how many may share.
func TestSharingKnowsTheCPU(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name      string
		took, cpu time.Duration
		want      int
	}{
		{"sleeps", 150 * ms, ms / 2, 16},
		{"computes, held back by its quota", 120 * ms, 10 * ms, 1},
		{"computes for a third of its quota", 300 * ms, 8 * ms, 2},
		{"computes in one burst", 5 * ms, 5 * ms, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAdaptive(t, AdaptiveConfig{})
			f := &engine.FunctionView{Spec: &engine.FunctionSpec{}}
			a.Returned(0, f, engine.Call{
				Outcome: engine.Outcome{Duration: c.took, CPU: c.cpu, MaxMemory: mib}, Started: 1, Ended: 1, Size: engine.Size{Memory: 128 * mib},
			})
			if got := a.Concurrency(f); got != c.want {
				t.Errorf("shares by %d, want %d", got, c.want)
			}
		})
	}
}

// Trying again what did not pay gets ever rarer.
func TestSharingIsTriedRarely(t *testing.T) {
	a := newAdaptive(t, AdaptiveConfig{})
	f := &engine.FunctionView{Spec: &engine.FunctionSpec{}}
	shared := 0
	for range 1000 {
		if calls(a, f, 1, mib, computing) > 1 {
			shared++
		}
	}
	if shared > 50 {
		t.Errorf("%d of 1000 calls in company, want few", shared)
	}
}

func TestAloneAfterTimeoutOrOutOfMemory(t *testing.T) {
	for _, code := range []string{engine.ErrorTimeout, engine.ErrorOutOfMemory} {
		for _, declared := range []int{0, 10} {
			a := newAdaptive(t, AdaptiveConfig{})
			f := &engine.FunctionView{Spec: &engine.FunctionSpec{Concurrency: declared}}
			calls(a, f, 100, mib, sleeping)
			a.Returned(0, f, engine.Call{Outcome: engine.Outcome{Error: code, MaxMemory: mib}, Started: 1, Ended: 1, Size: engine.Size{Memory: 128 * mib}})
			if got := a.Concurrency(f); got != 1 {
				t.Errorf("%s: concurrency %d", code, got)
			}
			if got := calls(a, f, 19, mib, sleeping); got != 1 {
				t.Errorf("%s: concurrency %d after 19 successes", code, got)
			}
			if got := calls(a, f, 6, mib, sleeping); got < 2 {
				t.Errorf("%s: concurrency %d after 25 successes", code, got)
			}
		}
	}
}

func TestKeepContainer(t *testing.T) {
	for _, c := range []struct {
		name  string
		gaps  []time.Duration
		ready int
		peak  int
		want  [2]time.Duration // at least, at most
	}{
		{"first", nil, 1, 1, [2]time.Duration{120 * time.Second, 120 * time.Second}},
		{"further", nil, 2, 2, [2]time.Duration{30 * time.Second, 30 * time.Second}},
		{"every minute", repeat(time.Minute, 10), 1, 1, [2]time.Duration{65 * time.Second, 120 * time.Second}},
		{"every minute, at its peak", repeat(time.Minute, 10), 3, 3, [2]time.Duration{65 * time.Second, 120 * time.Second}},
		{"every minute, beyond its peak", repeat(time.Minute, 10), 3, 2, [2]time.Duration{30 * time.Second, 30 * time.Second}},
		{"dense", repeat(time.Millisecond, 100), 1, 1, [2]time.Duration{2 * time.Second, 2 * time.Second}},
		{"bursts of twenty every nine seconds", append(repeat(time.Millisecond, 95), repeat(9*time.Second, 5)...), 1, 1, [2]time.Duration{10 * time.Second, 15 * time.Second}},
		{"dense, but new", repeat(time.Millisecond, 100), 1, 1, [2]time.Duration{30 * time.Second, 30 * time.Second}},
		{"every half hour", repeat(30*time.Minute, 5), 1, 1, [2]time.Duration{2 * time.Second, 2 * time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAdaptive(t, AdaptiveConfig{})
			f := &engine.FunctionView{Spec: &engine.FunctionSpec{Memory: 256 * mib}, Ready: c.ready}
			a.Arrived(0, f)
			for _, g := range c.gaps {
				a.Reused(0, f, g)
			}
			now := engine.Instant(0).Add(time.Hour)
			if strings.Contains(c.name, "new") {
				now = engine.Instant(0).Add(time.Second)
			}
			f.InFlight = c.peak - 1
			a.Arrived(now, f)
			if got := a.KeepContainer(now, f, &engine.ContainerView{}); got < c.want[0] || got > c.want[1] {
				t.Errorf("keeps it for %v, want %v", got, c.want)
			}
		})
	}
}

func repeat(d time.Duration, n int) []time.Duration {
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = d
	}
	return all
}

// A function whose containers expired between its rounds learns to keep them.
func TestMissedContainersAreRegretted(t *testing.T) {
	a := newAdaptive(t, AdaptiveConfig{})
	f := &engine.FunctionView{Spec: &engine.FunctionSpec{Memory: 256 * mib, Concurrency: 1}, Ready: 1}
	for range 50 {
		a.Reused(0, f, time.Millisecond)
	}
	now := engine.Instant(0).Add(time.Minute)
	for range 20 {
		a.Expired(now, f, 2*time.Second)
	}
	now = now.Add(9 * time.Second) // 11 s after the last call
	a.Arrived(now, f)
	f.Ready, f.Waiting, f.OldestWait = 0, 20, now
	a.Scale(now, f, &engine.PoolView{})
	f.Ready, f.Waiting = 1, 0
	if got := a.KeepContainer(now, f, nil); got < 11*time.Second || got > 30*time.Second {
		t.Errorf("keeps containers for %v, want a little more than 11 s", got)
	}
}

// Short waits add up until one more container is cheaper.
func TestWaitingBecomesADebt(t *testing.T) {
	a := newAdaptive(t, AdaptiveConfig{ColdStart: 500 * time.Millisecond})
	f := &engine.FunctionView{Spec: &engine.FunctionSpec{Memory: 128 * mib, Concurrency: 1}, Waiting: 3, Ready: 1}
	a.Returned(0, f, engine.Call{Outcome: engine.Outcome{Duration: 100 * time.Millisecond}})
	now := engine.Instant(0).Add(time.Minute)
	asked := 0
	for ; asked < 100; asked++ {
		f.OldestWait = now
		a.Scale(now, f, &engine.PoolView{}) // they come
		now = now.Add(50 * time.Millisecond)
		if create, _ := a.Scale(now, f, &engine.PoolView{}); create > 0 {
			break
		}
		now = now.Add(time.Second) // the next round
	}
	// 3 requests wait 50 ms a round; a container costs its start of 500 ms and a little memory.
	if asked < 3 || asked > 15 {
		t.Errorf("one more container in round %d, want it after a few", asked)
	}
}

func TestPeakFades(t *testing.T) {
	var p peak
	at := func(s int) engine.Instant { return engine.Instant(s) * engine.Instant(time.Second) }
	p.record(at(0), time.Minute, 9)
	p.record(at(70), time.Minute, 2)
	for _, c := range []struct{ second, want int }{{70, 9}, {119, 9}, {120, 2}, {179, 2}, {180, 0}} {
		if got := p.recent(at(c.second), time.Minute); got != c.want {
			t.Errorf("peak after %d s is %d, want %d", c.second, got, c.want)
		}
	}
}

func TestHistogram(t *testing.T) {
	for b := range 55 {
		if u := upper(b); bucket(u-1) != b || bucket(u) != b+1 {
			t.Errorf("bucket %d ends at %v, which is in %d", b, u, bucket(u))
		}
	}
	var h histogram
	for i := range 100 {
		h.add(time.Duration(i+1) * time.Millisecond)
	}
	for _, c := range []struct {
		percent int
		least   time.Duration
	}{{50, 50 * time.Millisecond}, {95, 95 * time.Millisecond}} {
		if got := h.quantile(c.percent); got < c.least || got > c.least*3/2 {
			t.Errorf("%d %%: %v, want %v to half as much more", c.percent, got, c.least)
		}
	}
	for range 2000 {
		h.add(time.Second)
	}
	if got := h.quantile(5); got < time.Second {
		t.Errorf("what is long past has not faded: 5 %% at %v", got)
	}
}

func TestConfigReportsAllFaults(t *testing.T) {
	_, err := NewAdaptive(AdaptiveConfig{Theta: -1, KeepMin: time.Hour, ShareBelow: 3, ColdStart: -1})
	if err == nil {
		t.Fatal("no error")
	}
	for _, fault := range []string{"theta", "keep min", "share below", "cold start"} {
		if !strings.Contains(err.Error(), fault) {
			t.Errorf("%q does not name %s", err, fault)
		}
	}
}

func TestUnknownPolicy(t *testing.T) {
	if _, err := New("psychic"); err == nil || !strings.Contains(err.Error(), "adaptive") {
		t.Errorf("error %v, want one that lists the policies", err)
	}
}
