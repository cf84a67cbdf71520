package sim

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestStartupIsLogLinear(t *testing.T) {
	s := startup{100 * ms, 400 * ms, 900 * ms}
	for q, want := range map[float64]time.Duration{
		0: 100 * ms, 0.05: 100 * ms, 0.275: 200 * ms, 0.5: 400 * ms, 0.725: 600 * ms, 0.95: 900 * ms, 1: 900 * ms,
	} {
		if got := s.at(q); (got - want).Abs() > time.Microsecond {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
}

func TestBusyMemory(t *testing.T) {
	// Over 10 s: 1 s of 512 MiB, 4 s of 128 MiB, and a call that outlasts the load by 3 of its 5 s.
	w := events(t, "0,f,1000,512,sleep", "1000,g,4000,128,cpu", "8000,g,5000,128,sleep", "10000,f,700,512,sleep")
	want := float64(512*1+128*4+128*2) * (1 << 20) / 10
	if got := BusyMemory(w); math.Abs(got-want) > 1 {
		t.Errorf("mean busy memory %v, want %v", got, want)
	}
}

// Nothing slows a call: a hundred that burn CPU at once take as long as one.
func TestMemoryPlatformSlowsNothing(t *testing.T) {
	lines := make([]string, 100)
	for i := range lines {
		lines[i] = "0,f,200,16,cpu"
	}
	w := events(t, append(lines, "60000,f,200,16,cpu")...)
	p := Memory(w, 0, 9)
	r := play(t, Config{Workload: w, Policy: newPolicy(t, "baseline"), Platform: p})
	cold := p.Create(0).Delay
	want := Latency{Mean: cold * 100 / 101, P50: cold, P99: cold, Max: cold}
	if diff := cmp.Diff(want, r.Total.Schedule); diff != "" {
		t.Errorf("schedule latency (-want +got):\n%s", diff)
	}
	if got := r.Total.Response.Max; got != cold+200*ms {
		t.Errorf("response %v, want %v", got, cold+200*ms)
	}
	if r.Total.ColdStarts != 100 || r.NodeTime != time.Minute {
		t.Errorf("%d cold starts, node time %v", r.Total.ColdStarts, r.NodeTime)
	}
}

// Memory is short on the node that has little of it, but never too short for one container.
func TestMemoryPlatformIsShort(t *testing.T) {
	w := events(t, "0,f,5000,512,sleep", "0,g,5000,512,sleep", "30000,g,10,512,sleep")
	r := play(t, Config{Workload: w, Policy: newPolicy(t, "adaptive"), Platform: Memory(w, 1, 1)})
	if r.Total.Failures != 0 || r.Evicted == 0 {
		t.Errorf("failures %v, %d evicted: want one container to make room for the other", r.Failures, r.Evicted)
	}
	if got := r.Total.Schedule.Max; got < 5*time.Second {
		t.Errorf("the call that found no room waited %v: want the other's 5 s and more", got)
	}
}

func TestColdStartsDependOnTheSeed(t *testing.T) {
	w := contest(t, time.Second, 1)
	drawn := func(seed uint64) (all []time.Duration) {
		p := Memory(w, 0, seed)
		for i := range w.Functions {
			all = append(all, p.Create(i).Delay)
		}
		return all
	}
	if !cmp.Equal(drawn(1), drawn(1)) || cmp.Equal(drawn(1), drawn(2)) {
		t.Errorf("seed 1: %v and %v, seed 2: %v", drawn(1), drawn(1), drawn(2))
	}
	for _, d := range drawn(3) {
		if d < 84*ms || d > 9533*ms {
			t.Errorf("cold start %v is in no row of the table", d)
		}
	}
}
