package nodemodel

import (
	"math"
	"testing"
	"time"
)

// 512 MiB give 0.335 cores: 67 ms of CPU take 200 ms.
func TestQuota(t *testing.T) {
	n := newNode(t, Config{}, 512*mib)
	n.invoke(0, 1, 1, Work{CPU: 67 * ms, Sleep: 50 * ms})
	want(t, n.ends(), finished(250*ms, 1, 1))
}

// 4 GiB give 2.68 cores, of which one call can use 1, and two can use 2.
func TestOneCallUsesOneCore(t *testing.T) {
	n := newNode(t, Config{CPU: 4}, 4096*mib)
	n.invoke(0, 1, 1, Work{CPU: 100 * ms})
	n.invoke(50*ms, 1, 2, Work{CPU: 100 * ms})
	want(t, n.ends(), finished(100*ms, 1, 1), finished(150*ms, 1, 2))
}

// Two in one quota of 0.335: both run at 0.1675 until the first (33.5 ms) is done
// at 200 ms; the other then has 33.5 ms left, at 0.335.
func TestTwoShareAQuota(t *testing.T) {
	n := newNode(t, Config{}, 512*mib)
	n.invoke(0, 1, 1, Work{CPU: 33500 * time.Microsecond})
	n.invoke(0, 1, 2, Work{CPU: 67 * ms})
	want(t, n.ends(), finished(200*ms, 1, 1), finished(300*ms, 1, 2))
}

// Sleepers take no CPU: a hundred of them slow nobody.
func TestSleepersShare(t *testing.T) {
	n := newNode(t, Config{}, 512*mib)
	all := []end{finished(200*ms, 1, 101)}
	for i := range uint64(100) {
		n.invoke(0, 1, i+1, Work{Sleep: 300 * ms})
		all = append(all, finished(300*ms, 1, i+1))
	}
	n.invoke(0, 1, 101, Work{CPU: 67 * ms})
	want(t, n.ends(), all...)
}

// Three containers of 0.335, 1.34 and 1.34 (one call each, so 1 and 1) want 2.335 of 2
// cores: the small one gets its 0.335, the others 0.8325 each. 83.25 ms take them 100 ms.
func TestNodeIsShared(t *testing.T) {
	n := newNode(t, Config{}, 512*mib, 2048*mib, 2048*mib)
	n.invoke(0, 1, 1, Work{CPU: 33500 * time.Microsecond})
	n.invoke(0, 2, 2, Work{CPU: 83250 * time.Microsecond})
	n.invoke(0, 3, 3, Work{CPU: 83250 * time.Microsecond})
	want(t, n.ends(), finished(100*ms, 1, 1), finished(100*ms, 2, 2), finished(100*ms, 3, 3))
}

// A creation takes CPU from containers: after its 100 ms of delay 1 and 2 (1 core each)
// and the creation share 2 cores, 2/3 each. It needs 0.4/(2/3) = 600 ms, and is ready at
// 700 ms, when 1 and 2 have had 100 + 400 ms; their 1 s ends at 1,200 ms.
func TestCreationCompetes(t *testing.T) {
	n := newNode(t, Config{}, 2048*mib, 2048*mib)
	n.invoke(0, 1, 1, Work{CPU: time.Second})
	n.invoke(0, 2, 2, Work{CPU: time.Second})
	n.create(128 * mib)
	want(t, n.ends(), end{700 * ms, Created, 3, 0}, finished(1200*ms, 1, 1), finished(1200*ms, 2, 2))
}

// A call that begins at the very instant at which a creation ends its delay, and
// another call its CPU phase, disturbs neither.
func TestEverythingAtOnce(t *testing.T) {
	n := newNode(t, Config{}, 4096*mib)
	n.create(128 * mib)
	n.invoke(0, 1, 1, Work{CPU: 100 * ms})
	n.invoke(100*ms, 1, 2, Work{CPU: 100 * ms})
	want(t, n.ends(), finished(100*ms, 1, 1), finished(200*ms, 1, 2), end{500 * ms, Created, 2, 0})
}

// Usage is exact also between ends: 0.335 cores for 100 ms, all of it throttled.
func TestUsageBetweenEnds(t *testing.T) {
	n := newNode(t, Config{}, 512*mib)
	n.invoke(0, 1, 1, Work{CPU: time.Second})
	before, _ := n.Usage(n.zero, n.c[1])
	after, _ := n.Usage(n.zero+100*ms, n.c[1])
	if got := after.CPU - before.CPU; got != 33500*time.Microsecond {
		t.Errorf("CPU %v, want 33.5 ms", got)
	}
	if got := after.Throttled - before.Throttled; got != 100*ms {
		t.Errorf("throttled %v, want 100 ms", got)
	}
}

// The node's CPU keeps what containers used that are gone: 0.4 s of creation, then 33.5 ms.
func TestTotalKeepsCPU(t *testing.T) {
	n := newNode(t, Config{}, 512*mib)
	n.invoke(0, 1, 1, Work{CPU: time.Second})
	n.Remove(n.zero+100*ms, n.c[1])
	if u, used := n.Total(n.zero+200*ms), 433500*time.Microsecond; u != (Usage{CPU: used}) {
		t.Errorf("total %+v, want %v of CPU alone", u, used)
	}
}

// A completion counts the container's CPU, whoever used it: while the sleeper was there, the
// other got 0.335 cores for 100 ms.
func TestCompletionCountsCPU(t *testing.T) {
	n := newNode(t, Config{}, 512*mib)
	n.invoke(0, 1, 1, Work{CPU: 67 * ms})
	n.invoke(50*ms, 1, 2, Work{Sleep: 100 * ms})
	var used []time.Duration
	for _, done := range n.Advance(n.zero+time.Second, nil) {
		used = append(used, done.CPU)
	}
	want(t, used, 33500*time.Microsecond, 67*ms)
}

// TestShares are cases of max-min fairness.
func TestShares(t *testing.T) {
	for _, test := range []struct {
		capacity      float64
		demands, want []float64
	}{
		{2, []float64{0.5, 1}, []float64{0.5, 1}},
		{2, []float64{1, 1, 1, 1}, []float64{0.5, 0.5, 0.5, 0.5}},
		{2, []float64{0.2, 0.3, 1, 1}, []float64{0.2, 0.3, 0.75, 0.75}},
		{1, []float64{0, 3}, []float64{0, 1}},
	} {
		m := New(Config{CPU: test.capacity})
		for _, demand := range test.demands {
			c := &Container{demand: demand, active: true, creation: 1}
			m.active = append(m.active, c)
		}
		m.share()
		for i, c := range m.active {
			if math.Abs(c.rate-test.want[i]) > 1e-12 {
				t.Errorf("of %v cores, %v: number %d gets %v, want %v", test.capacity, test.demands, i, c.rate, test.want[i])
			}
		}
	}
}
