package policy

import (
	"testing"
	"time"
)

func TestMean(t *testing.T) {
	var m mean
	for i := range 8 {
		m.add(time.Duration(i+1) * time.Second)
	}
	if m.value != 4500*ms {
		t.Errorf("the first eight average %v, want 4.5s", m.value)
	}
	m.add(12500 * ms) // an eighth of the difference of 8 s
	if m.value != 5500*ms {
		t.Errorf("the ninth makes it %v, want 5.5s", m.value)
	}
}

func TestHistogram(t *testing.T) {
	for b := range 55 {
		if u := upper(b); bucket(u-1) != b || bucket(u) != b+1 {
			t.Errorf("bucket %d ends at %v, which is in %d", b, u, bucket(u))
		}
	}
	var h histogram
	if h.quantile(50) != 0 || h.median() != 0 {
		t.Error("quantiles of nothing")
	}
	for i := range 100 {
		h.add(time.Duration(i+1) * ms)
	}
	for _, c := range []struct {
		percent int
		least   time.Duration
	}{{50, 50 * ms}, {95, 95 * ms}} {
		if got := h.quantile(c.percent); got < c.least || got > c.least*3/2 {
			t.Errorf("%d %%: %v, want %v to half as much more", c.percent, got, c.least)
		}
	}
	if got := h.median(); got > 50*ms || got < 25*ms {
		t.Errorf("median %v, want no more than 50ms", got)
	}
	for range 2000 {
		h.add(time.Second)
	}
	if got := h.quantile(5); got < time.Second {
		t.Errorf("what is long past has not faded: 5 %% at %v", got)
	}
}

// counted makes a histogram of so many durations of each kind.
func counted(kinds map[time.Duration]int) *histogram {
	var h histogram
	for d, n := range kinds {
		for range n {
			h.add(d)
		}
	}
	return &h
}

// Gaps of 1 s count as 1.07 s and those of 100 s as 103 s, the ends of their
// buckets. With four and six of them no keep-alive costs 10 penalties P, one of
// 1.07 s costs 10.7 s and 6 P, and one of 103 s 4 × 1.07 s + 6 × 103 s = 623 s.
func TestCheapestKeepAlive(t *testing.T) {
	short, long := upper(bucket(time.Second)), upper(bucket(100*time.Second))
	for _, c := range []struct {
		name    string
		own     map[time.Duration]int
		lost    int
		all     map[time.Duration]int
		penalty time.Duration
		want    time.Duration
	}{
		{"cold starts cost less: 20 < 23", map[time.Duration]int{time.Second: 4, 100 * time.Second: 6}, 0, nil, 2 * time.Second, 0},
		{"short gaps pay: 29 < 30", map[time.Duration]int{time.Second: 4, 100 * time.Second: 6}, 0, nil, 3 * time.Second, short},
		{"long ones do not: 611 < 623", map[time.Duration]int{time.Second: 4, 100 * time.Second: 6}, 0, nil, 100 * time.Second, short},
		{"long ones pay: 623 < 671", map[time.Duration]int{time.Second: 4, 100 * time.Second: 6}, 0, nil, 110 * time.Second, long},
		{"what is lost is never worth it", map[time.Duration]int{time.Second: 4}, 6, nil, 110 * time.Second, short},
		{"and counts against the rest", map[time.Duration]int{time.Second: 4}, 60, nil, 10 * time.Second, 0},
		{"nothing known of it: as of all", nil, 0, map[time.Duration]int{time.Second: 50}, 10 * time.Second, short},
		{"what is known of it counts more", map[time.Duration]int{100 * time.Second: 20}, 0, map[time.Duration]int{time.Second: 50}, 200 * time.Second, long},
	} {
		all := &gaps{histogram: *counted(c.all)}
		if got := cheapest(counted(c.own), c.lost, all, c.penalty); got != c.want+c.want/8 {
			t.Errorf("%s: %v, want %v and an eighth", c.name, got, c.want)
		}
	}
}

// The penalty that is spared, by the time that it takes.
func TestWorthKeeping(t *testing.T) {
	short, long := upper(bucket(time.Second)).Seconds(), upper(bucket(100*time.Second)).Seconds()
	both := map[time.Duration]int{time.Second: 5, 100 * time.Second: 5}
	for _, c := range []struct {
		name string
		own  map[time.Duration]int
		lost int
		idle time.Duration
		want float64
	}{
		{"unknown", nil, 0, 0, 0},
		{"wanted after a second", map[time.Duration]int{time.Second: 10}, 0, 0, 10 / short},
		{"half of the time", map[time.Duration]int{time.Second: 10}, 10, 0, 5 / short},
		{"only the short gaps are worth waiting for", both, 0, 0, 5 / short},
		{"a short gap it is not any more", both, 0, 2 * time.Second, 10 / (long - 2)},
		{"idle for longer than ever", both, 0, 200 * time.Second, 0},
	} {
		got := worthKeeping(counted(c.own), c.lost, &gaps{}, 10*time.Second, c.idle)
		if got < c.want*0.999 || got > c.want*1.001 {
			t.Errorf("%s: %v times what it costs, want %v", c.name, got, c.want)
		}
	}
}
