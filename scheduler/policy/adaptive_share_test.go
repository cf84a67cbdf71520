package policy

import (
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// together plays n rounds in each of which as many calls share a container as
// may, and returns how many may then, and how many ever might.
func together(a *Adaptive, f *engine.FunctionView, n int, peak, took func(company int) int) (now, most int) {
	for range n {
		company := a.Concurrency(f)
		most = max(most, company)
		a.Returned(0, f, engine.Call{
			Outcome: engine.Outcome{Duration: time.Duration(took(company)) * ms, MaxMemory: engine.Bytes(peak(company)) * megabyte},
			Started: company, Ended: company, Alone: company == 1, Size: engine.Size{Memory: f.Spec.Memory},
		})
	}
	return a.Concurrency(f), max(most, a.Concurrency(f))
}

func constant(n int) func(int) int { return func(int) int { return n } }

func times(n int) func(int) int { return func(company int) int { return n * company } }

// Where the CPU of calls is not measured, sharing is tried and judged.
func TestSharingIsLearned(t *testing.T) {
	for _, c := range []struct {
		name              string
		cfg               AdaptiveConfig
		declared          int
		peak, took        func(int) int
		least, most, ever int // in the end, at least and at most; and at any time
	}{
		{"sleeps", AdaptiveConfig{}, 0, constant(2), constant(100), 64, 64, 64},
		{"sleeps, at most five", AdaptiveConfig{MaxShare: 5}, 0, constant(2), constant(100), 5, 5, 5},
		{"sleeps, and declares three", AdaptiveConfig{}, 3, constant(2), constant(100), 3, 3, 3},
		{"sleeps, and shares nothing", AdaptiveConfig{Without: Sharing}, 0, constant(2), constant(100), 1, 1, 1},
		{"declares three, and shares nothing else", AdaptiveConfig{Without: Sharing}, 3, constant(2), constant(100), 3, 3, 3},
		{"computes", AdaptiveConfig{}, 0, constant(2), times(100), 1, blindShare, blindShare},
		{"bears eight", AdaptiveConfig{}, 0, constant(2), func(n int) int { return 100 * max(8, n) / 8 }, 4, 16, 16},
		{"fills its container", AdaptiveConfig{}, 0, constant(100), constant(100), 1, 1, 1},
		{"fills it with five", AdaptiveConfig{}, 0, times(23), constant(100), 2, 5, 5},
	} {
		f := indexed(0, 128*megabyte)
		f.Spec.Concurrency = c.declared
		got, ever := together(newAdaptive(t, c.cfg), f, 300, c.peak, c.took)
		if got < c.least || got > c.most || ever > c.ever {
			t.Errorf("%s: shares by %d, once by %d; want %d to %d, never more than %d", c.name, got, ever, c.least, c.most, c.ever)
		}
	}
}

// Calls that fill what is declared share where that is no limit, where there is more than
// one container and room to try it, and where neither CPU nor what further calls add says
// otherwise: then an eighth of a node.
func TestSharingBeyondTheDeclaredMemory(t *testing.T) {
	for _, c := range []struct {
		name       string
		cfg        AdaptiveConfig
		ready      int
		free       int // MiB on all nodes
		cpu        time.Duration
		peak       func(int) int
		want, ever int // that share in the end, and at most
	}{
		{"its only container", AdaptiveConfig{Enlarge: true}, 1, 512, 0, constant(100), 1, 1},
		{"no room to try it", AdaptiveConfig{Enlarge: true}, 2, 128, 0, constant(100), 1, 1},
		{"the declared memory is a limit", AdaptiveConfig{}, 2, 512, 0, constant(100), 1, 1},
		{"compute", AdaptiveConfig{Enlarge: true}, 2, 512, ms, constant(100), 1, 1},
		{"hold memory of the process", AdaptiveConfig{Enlarge: true}, 2, 512, 0, constant(100), 64, 64},
		{"hold a tenth of their own: 3/4 of 512 MiB are 26", AdaptiveConfig{Enlarge: true}, 2, 512, 0, func(n int) int { return 90 + 10*n }, 26, 26},
		{"hold memory of their own", AdaptiveConfig{Enlarge: true}, 2, 512, 0, times(100), 1, 2},
	} {
		a, f := newAdaptive(t, c.cfg), indexed(0, 128*megabyte)
		a.all.node = 4096 * megabyte
		f.Ready, f.Pool.Capacity = c.ready, engine.Bytes(c.free)*megabyte
		if c.cpu > 0 {
			a.of(f).cpu.add(c.cpu)
		}
		if got, ever := together(a, f, 300, c.peak, constant(100)); got != c.want || ever != c.ever {
			t.Errorf("%s: %d share a container, and %d at most, want %d and %d", c.name, got, ever, c.want, c.ever)
		}
		least, most := 100*megabyte, f.Spec.Memory
		if c.want > 1 {
			least, most = engine.Bytes(c.peak(c.want))*megabyte, 512*megabyte
		}
		if got := a.Size(f).Booked; got < least || got > most {
			t.Errorf("%s: books %d MiB, want %d to %d", c.name, got/megabyte, least/megabyte, most/megabyte)
		}
	}
}

// What was learned to share beyond what is declared does so no more once its calls hold
// memory of their own.
func TestSharingBeyondTheDeclaredMemoryEnds(t *testing.T) {
	a, f := newAdaptive(t, AdaptiveConfig{Enlarge: true}), indexed(0, 128*megabyte)
	a.all.node = 4096 * megabyte
	f.Ready, f.Pool.Capacity = 2, 512*megabyte
	if got, _ := together(a, f, 300, constant(100), constant(100)); got != 64 {
		t.Fatalf("%d share a container, want 64", got)
	}
	if got, _ := together(a, f, 4*fewShared, times(100), constant(100)); got > 2 {
		t.Errorf("%d share a container, want one, or two as a try", got)
	}
}

// Trying again what did not pay gets ever rarer.
func TestSharingIsTriedRarely(t *testing.T) {
	a, f := newAdaptive(t, AdaptiveConfig{}), indexed(0, 128*megabyte)
	tried := func(rounds int) (n int) {
		for range rounds {
			if now, _ := together(a, f, 1, constant(2), times(100)); now > 1 {
				n++
			}
		}
		return n
	}
	first := tried(200)
	tried(1000)
	if later := tried(200); first == 0 || 2*later > first {
		t.Errorf("of 200 calls %d in company at first and %d later, want some and then few", first, later)
	}
}

// So does what ends out of memory, as a node that is full kills what is tried on it.
func TestSharingThatKillsIsTriedRarely(t *testing.T) {
	a, f := newAdaptive(t, AdaptiveConfig{}), indexed(0, 128*megabyte)
	tried := func(calls int) (n int) {
		for range calls {
			if a.Concurrency(f) == 1 {
				together(a, f, 1, constant(2), constant(100))
				continue
			}
			n++
			a.Returned(0, f, engine.Call{Outcome: engine.Outcome{Error: engine.ErrorOutOfMemory}, Started: 2, Ended: 2, Size: engine.Size{Memory: megabyte}})
		}
		return n
	}
	first := tried(400)
	tried(1000)
	if later := tried(400); first == 0 || 2*later > first {
		t.Errorf("of 400 calls %d in company at first and %d later, want some and then few", first, later)
	}
}

// Where the CPU is measured, one call alone tells how many the quota bears: so
// many cores go with the limit, and calls may take 15 % or 2 ms longer.
func TestBearable(t *testing.T) {
	const quota2 = 3072 * megabyte // 2.01 cores
	for _, c := range []struct {
		name       string
		memory     engine.Bytes
		cpu, alone time.Duration
		want       float64
	}{
		{"computes: 2.01 × (1 + 15/100)", quota2, 100 * ms, 100 * ms, 2},
		{"computes shortly: 2.01 × (1 + 2/10)", quota2, 10 * ms, 10 * ms, 2},
		{"computes for an instant: 2.01 × (1 + 2/1)", quota2, ms, ms, 6},
		{"sleeps: 2.01 × (1 + 15/1)", quota2, ms, 100 * ms, 32},
		{"held back by 0.084 cores", 128 * megabyte, 10 * ms, 120 * ms, 1},
		{"sleeps with 0.084 cores: 0.084 × (1 + 150/0.5)", 128 * megabyte, ms / 2, 1000 * ms, 25},
	} {
		l := &learned{cpu: mean{value: c.cpu, n: 1}, solo: mean{value: c.alone, n: 1}}
		if got := l.bearable(c.memory); got != c.want {
			t.Errorf("%s: %v calls, want %v", c.name, got, c.want)
		}
	}
}

// Calls that come at once share a container when they sleep, and get containers
// of their own, one a core, when they compute.
func TestSharingKnowsTheCPU(t *testing.T) {
	for _, c := range []struct {
		name  string
		run   execution
		least int // limit of sharing
		most  int
	}{{"sleeps", sleeps(300*ms, 2*megabyte), 10, 64}, {"computes", computes(60 * ms), 1, 2}} {
		s := newStand(t, AdaptiveConfig{}, 2)
		for i := range 10 {
			s.call(time.Duration(i)*2*time.Second, "f", 128*megabyte, c.run)
		}
		s.run(20 * time.Second)
		if got := s.p.Concurrency(indexed(0, 128*megabyte)); got < c.least || got > c.most {
			t.Errorf("%s: shares by %d, want %d to %d", c.name, got, c.least, c.most)
		}
	}
}

// A call that ran out of time or memory sends the function back to one at a
// time, whatever it declares, until it has succeeded for a while.
func TestAloneAfterTimeoutOrOutOfMemory(t *testing.T) {
	for _, code := range []string{engine.ErrorTimeout, engine.ErrorOutOfMemory} {
		for _, declared := range []int{0, 10} {
			a, f := newAdaptive(t, AdaptiveConfig{}), indexed(0, 128*megabyte)
			f.Spec.Concurrency = declared
			if got, _ := together(a, f, 100, constant(1), constant(100)); got < 10 {
				t.Fatalf("shares by %d before", got)
			}
			a.Returned(0, f, engine.Call{Outcome: engine.Outcome{Error: code}, Started: 3, Ended: 3, Size: engine.Size{Memory: 64 * megabyte}})
			for i := range proveAlone {
				if got := a.Concurrency(f); got != 1 {
					t.Errorf("%s, %d declared: shares by %d after %d successes", code, declared, got, i)
				}
				together(a, f, 1, constant(1), constant(100))
			}
			if got, _ := together(a, f, 10, constant(1), constant(100)); got < 2 {
				t.Errorf("%s, %d declared: still alone after %d successes", code, declared, proveAlone+10)
			}
		}
	}
}

// Other errors are the function's own affair.
func TestErrorsTeachNothing(t *testing.T) {
	a, f := newAdaptive(t, AdaptiveConfig{}), indexed(0, 128*megabyte)
	serve(a, f, 20, 100*ms)
	before, share := a.of(f).execution, a.Concurrency(f)
	a.Returned(0, f, engine.Call{Outcome: engine.Outcome{Error: "Oops", Duration: time.Hour}, Started: 2, Ended: 2})
	if after := a.of(f).execution; after != before || a.Concurrency(f) != share {
		t.Errorf("execution %v and %d calls a container, want %v and %d as before", after, a.Concurrency(f), before, share)
	}
}
