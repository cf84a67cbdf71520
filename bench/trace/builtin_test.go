package trace

import (
	"encoding/binary"
	"hash/fnv"
	"slices"
	"strings"
	"testing"
	"time"
)

func builtin(t *testing.T, name string) *Workload {
	t.Helper()
	w, err := Open(name, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestBuiltinsAreInOrderAndSaid(t *testing.T) {
	names := Names()
	if !slices.IsSorted(names) || len(names) != 11 || !slices.Contains(names, Contest2020) {
		t.Errorf("names %q", names)
	}
	for _, b := range Builtins() {
		if b.About == "" || len(b.About) > 100 || strings.Contains(b.About, "\n") {
			t.Errorf("%s: about %q", b.Name, b.About)
		}
		if w := builtin(t, b.Name); w.Name != b.Name || len(w.Notes) != 0 {
			t.Errorf("%s is called %s and has notes %q", b.Name, w.Name, w.Notes)
		}
	}
}

// The reference platform has 20 nodes of 2 cores and offers 3 GiB of each. All
// built-in workloads are to fit, and most of them are to be felt.
func TestBuiltinsFitTheReferencePlatform(t *testing.T) {
	light := []string{"contest-2020", "correlated", "herd", "periodic", "sparse"}
	for _, name := range Names() {
		w := builtin(t, name)
		var calls int
		var cpu, memory float64
		for c := range w.Calls() {
			calls++
			cpu += c.CPU.Seconds()
			memory += (c.CPU + c.Sleep).Seconds() * float64(w.Functions[c.Function].Memory)
		}
		cpuShare, memoryShare := cpu/w.Length.Seconds()/40, memory/w.Length.Seconds()/(60<<30)
		t.Logf("%s: %d calls, %.0f %% of the CPU, %.0f %% of the memory", name, calls, 100*cpuShare, 100*memoryShare)
		if cpuShare > 0.5 || memoryShare > 0.5 {
			t.Errorf("%s takes %.2f of the CPU and %.2f of the memory on average", name, cpuShare, memoryShare)
		}
		if !slices.Contains(light, name) && cpuShare < 0.2 && memoryShare < 0.2 {
			t.Errorf("%s takes only %.2f of the CPU and %.2f of the memory on average", name, cpuShare, memoryShare)
		}
	}
}

// TestGolden holds on every architecture: there is no chance but the seed's.
func TestGolden(t *testing.T) {
	for name, want := range map[string]uint64{
		Contest2020:   0xc27aa613367053df,
		azureLikeName: 0x81c84abe2a99f6ba,
		"heavy-tail":  0xf293629b7c4f0cb5,
		"correlated":  0x8aa7f20f96d38186,
	} {
		h := fnv.New64a()
		for c := range builtin(t, name).Calls() {
			binary.Write(h, binary.LittleEndian, []int64{int64(c.Offset), int64(c.Function), int64(c.CPU), int64(c.Sleep), c.Touch})
		}
		if got := h.Sum64(); got != want {
			t.Errorf("%s: %#x, want %#x", name, got, want)
		}
	}
}

// gaps are the times between the rounds of each function.
func gaps(w *Workload) [][]time.Duration {
	last := make([]time.Duration, len(w.Functions))
	all := make([][]time.Duration, len(w.Functions))
	seen := make([]bool, len(w.Functions))
	for c := range w.Calls() {
		if f := c.Function; !seen[f] {
			seen[f], last[f] = true, c.Offset
		} else if c.Offset != last[f] {
			all[f] = append(all[f], c.Offset-last[f])
			last[f] = c.Offset
		}
	}
	return all
}

func TestPeriodicIsJustAboveKeepAlives(t *testing.T) {
	w := builtin(t, "periodic")
	keepAlives := []time.Duration{60 * time.Second, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 20 * time.Minute}
	for f, gaps := range gaps(w) {
		if len(gaps) < 10 {
			t.Errorf("%s: %d gaps", w.Functions[f].Name, len(gaps))
		}
		for _, gap := range gaps {
			if !slices.ContainsFunc(keepAlives, func(k time.Duration) bool { return gap > k && gap <= k+k/20 }) {
				t.Errorf("%s: a gap of %v", w.Functions[f].Name, gap)
			}
		}
	}
}

func TestSparseHasGapsOfMinutesToHours(t *testing.T) {
	var all []time.Duration
	for _, gaps := range gaps(builtin(t, "sparse")) {
		all = append(all, gaps...)
	}
	slices.Sort(all)
	if median, tail := all[len(all)/2], all[len(all)*99/100]; median < 2*time.Minute || tail < 2*time.Hour {
		t.Errorf("half of the gaps are below %v, 99 %% below %v", median, tail)
	}
}

func TestHerdComesAtTheMinute(t *testing.T) {
	w := builtin(t, "herd")
	calls, early := 0, 0
	for c := range w.Calls() {
		if strings.HasPrefix(w.Functions[c.Function].Name, "between") {
			continue
		}
		calls++
		if c.Offset%time.Minute <= 500*time.Millisecond {
			early++
		}
	}
	if early != calls || calls == 0 {
		t.Errorf("%d of %d calls come within half a second", early, calls)
	}
}

func TestRampGrows(t *testing.T) {
	w := builtin(t, "ramp")
	tenths := make([]int, 10)
	for c := range w.Calls() {
		tenths[int(10*c.Offset/w.Length)]++
	}
	if first, last := tenths[0], tenths[5]; last < 4*first {
		t.Errorf("calls by tenths of the length: %v", tenths)
	}
}

func TestBurstsAreTrainsWithPauses(t *testing.T) {
	for f, gaps := range gaps(builtin(t, "bursts")) {
		if short, long := slices.Min(gaps), slices.Max(gaps); long < 10*time.Second || long < 50*short {
			t.Errorf("function %d: gaps from %v to %v", f, short, long)
		}
	}
}

func TestHeavyTailIsHeavy(t *testing.T) {
	w := builtin(t, "heavy-tail")
	var sleeps []time.Duration
	for c := range w.Calls() {
		if c.Function == 0 {
			sleeps = append(sleeps, c.Sleep)
		}
	}
	slices.Sort(sleeps)
	if median, tail := sleeps[len(sleeps)/2], sleeps[len(sleeps)*99/100]; tail < 50*median {
		t.Errorf("half sleep less than %v, 99 %% less than %v", median, tail)
	}
}

func TestFloodIsOneTenants(t *testing.T) {
	w := builtin(t, "flood")
	var noisy, others [3]int
	for c := range w.Calls() {
		third := int(3 * c.Offset / w.Length)
		if w.Functions[c.Function].Account == "noisy" {
			noisy[third]++
		} else {
			others[third]++
		}
	}
	if noisy[1] < 25*noisy[0] || noisy[1] < 25*noisy[2] || !near(others[1], others[0], 0.1) {
		t.Errorf("calls by thirds: noisy %v, others %v", noisy, others)
	}
}

func TestCorrelatedFunctionsFollow(t *testing.T) {
	w := builtin(t, "correlated")
	index := make(map[string]int)
	for i, f := range w.Functions {
		index[f.Name] = i
	}
	var ends []time.Duration // of the leader's calls that nobody has followed yet
	followed := 0
	for c := range w.Calls() {
		switch c.Function {
		case index["order-1"]:
			ends = append(ends, c.Offset+c.CPU+c.Sleep)
		case index["charge-1"]:
			i := slices.IndexFunc(ends, func(end time.Duration) bool {
				return c.Offset >= end+time.Millisecond && c.Offset <= end+50*time.Millisecond
			})
			if i < 0 {
				t.Fatalf("a call at %v follows none of those that end at %v", c.Offset, ends)
			}
			ends = slices.Delete(ends, i, i+1)
			followed++
		}
	}
	if followed < 700 || len(ends) > 5 { // the last ones are followed after the end of the load
		t.Errorf("%d calls follow, %d are not followed", followed, len(ends))
	}
}
