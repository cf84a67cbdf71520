package simulated

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const (
	ms  = time.Millisecond
	mib = 1 << 20
)

// ready is a node with created containers of these memories, called a, b, c…;
// the figures of the tests count from zero, when all of them are ready.
func ready(t *testing.T, cfg Config, memories ...int64) (*Model, time.Duration) {
	t.Helper()
	m := NewModel(cfg)
	for i, memory := range memories {
		m.Create(0, string(rune('a'+i)), memory)
	}
	zero := time.Minute
	if done := m.Advance(zero); len(done) != len(memories) {
		t.Fatalf("created %v, want %d", done, len(memories))
	}
	return m, zero
}

// ends are the completions until the model has nothing left to do, with times
// from zero, rounded to the microsecond.
func ends(m *Model, zero time.Duration) []Completion {
	var all []Completion
	for {
		next, found := m.Next()
		if !found {
			return all
		}
		for _, done := range m.Advance(next) {
			done.At = (done.At - zero).Round(time.Microsecond)
			done.Peak = 0
			all = append(all, done)
		}
	}
}

func finished(at time.Duration, container string, invocation uint64) Completion {
	return Completion{At: at, Kind: Finished, Container: container, Invocation: invocation}
}

func want(t *testing.T, got []Completion, want ...Completion) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCreateAlone(t *testing.T) {
	m := NewModel(Config{})
	m.Create(0, "a", 128*mib)
	want(t, ends(m, 0), Completion{At: 500 * ms, Kind: Created, Container: "a"})
}

// Four creations at once: 0.1 s of delay, then 4 × 0.4 CPU-seconds on 2 cores.
func TestCreateFour(t *testing.T) {
	m := NewModel(Config{})
	for _, id := range []string{"a", "b", "c", "d"} {
		m.Create(0, id, 128*mib)
	}
	var all []Completion
	for _, id := range []string{"a", "b", "c", "d"} {
		all = append(all, Completion{At: 900 * ms, Kind: Created, Container: id})
	}
	want(t, ends(m, 0), all...)
}

func TestCreateScale(t *testing.T) {
	m := NewModel(Config{CreateScale: 3})
	m.Create(0, "a", 128*mib)
	want(t, ends(m, 0), Completion{At: 1500 * ms, Kind: Created, Container: "a"})
}

// 512 MiB give 0.335 cores: 67 ms of CPU take 200 ms.
func TestQuota(t *testing.T) {
	m, zero := ready(t, Config{}, 512*mib)
	m.Invoke(zero, "a", 1, Work{CPU: 67 * ms, Sleep: 50 * ms})
	want(t, ends(m, zero), finished(250*ms, "a", 1))
}

// 4 GiB give 2.68 cores, of which one invocation can use 1, and two can use 2.
func TestOneInvocationUsesOneCore(t *testing.T) {
	m, zero := ready(t, Config{CPU: 4}, 4096*mib)
	m.Invoke(zero, "a", 1, Work{CPU: 100 * ms})
	m.Invoke(zero+50*ms, "a", 2, Work{CPU: 100 * ms})
	want(t, ends(m, zero), finished(100*ms, "a", 1), finished(150*ms, "a", 2))
}

// Two in one quota of 0.335: both run at 0.1675 until the first (33.5 ms) is done
// at 200 ms; the other then has 33.5 ms left, at 0.335.
func TestTwoShareAQuota(t *testing.T) {
	m, zero := ready(t, Config{}, 512*mib)
	m.Invoke(zero, "a", 1, Work{CPU: 33500 * time.Microsecond})
	m.Invoke(zero, "a", 2, Work{CPU: 67 * ms})
	want(t, ends(m, zero), finished(200*ms, "a", 1), finished(300*ms, "a", 2))
}

// Sleepers take no CPU: a hundred of them slow nobody.
func TestSleepersShare(t *testing.T) {
	m, zero := ready(t, Config{}, 512*mib)
	var all []Completion
	for i := range uint64(100) {
		m.Invoke(zero, "a", i+1, Work{Sleep: 300 * ms})
		all = append(all, finished(300*ms, "a", i+1))
	}
	m.Invoke(zero, "a", 101, Work{CPU: 67 * ms})
	want(t, ends(m, zero), append([]Completion{finished(200*ms, "a", 101)}, all...)...)
}

// Three containers of 0.335, 1.34 and 1.34 (one call each, so 1 and 1) want 2.335 of 2
// cores: the small one gets its 0.335, the others 0.8325 each. 83.25 ms take them 100 ms.
func TestNodeIsShared(t *testing.T) {
	m, zero := ready(t, Config{}, 512*mib, 2048*mib, 2048*mib)
	m.Invoke(zero, "a", 1, Work{CPU: 33500 * time.Microsecond})
	m.Invoke(zero, "b", 2, Work{CPU: 83250 * time.Microsecond})
	m.Invoke(zero, "c", 3, Work{CPU: 83250 * time.Microsecond})
	want(t, ends(m, zero), finished(100*ms, "a", 1), finished(100*ms, "b", 2), finished(100*ms, "c", 3))
}

// A creation takes CPU from containers: after its 100 ms of delay a and b (1 core each)
// and the creation share 2 cores, 2/3 each. It needs 0.4/(2/3) = 600 ms, and is ready at
// 700 ms, when a and b have had 100 + 400 ms; their 1 s ends at 1,200 ms.
func TestCreationCompetes(t *testing.T) {
	m, zero := ready(t, Config{}, 2048*mib, 2048*mib)
	m.Invoke(zero, "a", 1, Work{CPU: time.Second})
	m.Invoke(zero, "b", 2, Work{CPU: time.Second})
	m.Create(zero, "c", 128*mib)
	want(t, ends(m, zero),
		Completion{At: 700 * ms, Kind: Created, Container: "c"}, finished(1200*ms, "a", 1), finished(1200*ms, "b", 2))
}

// 8 MiB of its own + 60 + 60 are within 128 MiB, one more byte is not.
func TestContainerOutOfMemory(t *testing.T) {
	m, zero := ready(t, Config{}, 128*mib)
	m.Invoke(zero, "a", 1, Work{Sleep: time.Second, Memory: 60 * mib})
	m.Invoke(zero, "a", 2, Work{Sleep: time.Second, Memory: 60 * mib})
	want(t, m.Advance(zero))
	m.Invoke(zero, "a", 3, Work{Memory: 1})
	want(t, ends(m, zero), Completion{At: 0, Kind: OutOfMemory, Container: "a"})
	if m.Invoke(zero, "a", 4, Work{}) {
		t.Error("invoked in a dead container")
	}
}

// 4,096 MiB less the system's 512: a with 8 + 2,000 and b with 8 + 1,500 are within; 100 more in
// b are not, and a, the largest, goes.
func TestNodeOutOfMemory(t *testing.T) {
	m, zero := ready(t, Config{}, 4096*mib, 4096*mib)
	m.Invoke(zero, "a", 1, Work{Sleep: time.Second, Memory: 2000 * mib})
	m.Invoke(zero, "b", 2, Work{Sleep: time.Second, Memory: 1500 * mib})
	m.Invoke(zero, "b", 3, Work{Sleep: time.Second, Memory: 100 * mib})
	want(t, ends(m, zero), Completion{At: 0, Kind: OutOfMemory, Container: "a"}, finished(time.Second, "b", 2), finished(time.Second, "b", 3))
}

func TestCancel(t *testing.T) {
	m, zero := ready(t, Config{}, 512*mib)
	m.Invoke(zero, "a", 1, Work{CPU: time.Second, Memory: 100 * mib})
	m.Invoke(zero, "a", 2, Work{CPU: 67 * ms})
	// Until 200 ms each has 33.5 ms; alone, the other 33.5 ms take 100 ms.
	m.Cancel(zero+200*ms, "a", 1)
	if u, _ := m.Usage(zero+200*ms, "a"); u.Memory != containerMemory {
		t.Errorf("memory %d, want %d", u.Memory, int64(containerMemory))
	}
	want(t, ends(m, zero), finished(300*ms, "a", 2))
}

// Usage is exact also between ends: 0.335 cores for 100 ms, all of it throttled.
func TestUsageBetweenEnds(t *testing.T) {
	m, zero := ready(t, Config{}, 512*mib)
	m.Invoke(zero, "a", 1, Work{CPU: time.Second})
	before, _ := m.Usage(zero, "a")
	after, _ := m.Usage(zero+100*ms, "a")
	if got := (after.CPU - before.CPU).Round(time.Microsecond); got != 33500*time.Microsecond {
		t.Errorf("CPU %v, want 33.5 ms", got)
	}
	if got := after.Throttled - before.Throttled; got != 100*ms {
		t.Errorf("throttled %v, want 100 ms", got)
	}
}

func TestShare(t *testing.T) {
	for _, test := range []struct {
		capacity      float64
		demands, want []float64
	}{
		{2, nil, []float64{}},
		{2, []float64{0.5, 1}, []float64{0.5, 1}},
		{2, []float64{1, 1, 1, 1}, []float64{0.5, 0.5, 0.5, 0.5}},
		{2, []float64{1, 0.2, 1, 0.3}, []float64{0.75, 0.2, 0.75, 0.3}},
		{1, []float64{0, 3}, []float64{0, 1}},
	} {
		if diff := cmp.Diff(test.want, share(test.capacity, test.demands), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Errorf("share(%v, %v) (-want +got):\n%s", test.capacity, test.demands, diff)
		}
	}
}
