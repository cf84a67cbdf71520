package trace

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// shape plays one function and lists its rounds as "offset×calls".
func shape(t *testing.T, length time.Duration, f FunctionSpec) []string {
	t.Helper()
	f.Name, f.Kind, f.MemoryMB = "f", Sleep, 1
	f.setDefaults()
	w, err := (&Spec{Name: "s", Length: length, Seed: 1, Functions: []FunctionSpec{f}}).Workload()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	last, n := time.Duration(-1), 0
	flush := func() {
		if n > 0 {
			out = append(out, last.String()+"×"+strings.Repeat("|", n))
		}
	}
	for c := range w.Calls() {
		if c.Offset != last {
			flush()
			last, n = c.Offset, 0
		}
		n++
	}
	flush()
	return out
}

func TestPatterns(t *testing.T) {
	for name, tt := range map[string]struct {
		length time.Duration
		f      FunctionSpec
		want   []string
	}{
		"even": {10 * time.Second, FunctionSpec{CallsPerRound: fixed(2), IntervalMS: fixed(4000)},
			[]string{"0s×||", "4s×||", "8s×||"}},
		"even in its phase": {100 * time.Second, FunctionSpec{CallsPerRound: fixed(1), IntervalMS: fixed(10_000), StartFrac: 0.5, EndFrac: 0.75},
			[]string{"50s×|", "1m0s×|", "1m10s×|"}},
		"ramp": {5 * time.Second, FunctionSpec{Pattern: Ramp, CallsPerRound: between(1, 3, 5), IntervalMS: fixed(1000)},
			[]string{"0s×|", "1s×||", "2s×|||", "3s×||||", "4s×|||||"}},
		"burst": {10 * time.Second, FunctionSpec{Pattern: Burst, CallsPerRound: fixed(1), IntervalMS: between(500, 1500, 3500)},
			[]string{"0s×|", "500ms×|", "1s×|", "4.5s×|", "5s×|", "5.5s×|", "9s×|", "9.5s×|"}},
		"once": {10 * time.Second, FunctionSpec{Pattern: Once, Rounds: 3, CallsPerRound: fixed(2), IntervalMS: fixed(1000), StartFrac: 0.5},
			[]string{"5s×||", "6s×||", "7s×||"}},
		"once, moved": {4 * time.Second, FunctionSpec{Pattern: Once, Rounds: 4, CallsPerRound: fixed(1), IntervalMS: fixed(1000), StartFrac: 0.5},
			[]string{"900ms×|", "1.9s×|", "2.9s×|", "3.9s×|"}},
		"once, squeezed": {1100 * time.Millisecond, FunctionSpec{Pattern: Once, Rounds: 5, CallsPerRound: fixed(1), IntervalMS: fixed(1000), StartFrac: 0.5},
			[]string{"0s×|", "250ms×|", "500ms×|", "750ms×|", "1s×|"}},
		"timer": {200 * time.Second, FunctionSpec{Pattern: Timer, CallsPerRound: fixed(1), IntervalMS: fixed(60_000), FirstMS: fixed(5000)},
			[]string{"5s×|", "1m5s×|", "2m5s×|", "3m5s×|"}},
		"timer, too late": {30 * time.Second, FunctionSpec{Pattern: Timer, CallsPerRound: fixed(1), IntervalMS: fixed(60_000), FirstMS: fixed(5000)},
			[]string{"5s×|"}},
		"first": {10 * time.Second, FunctionSpec{CallsPerRound: fixed(1), IntervalMS: fixed(4000), FirstMS: fixed(1000)},
			[]string{"1s×|", "5s×|", "9s×|"}},
		"first, squeezed": {10100 * time.Millisecond, FunctionSpec{CallsPerRound: fixed(1), IntervalMS: fixed(60_000), FirstMS: fixed(60_000)},
			[]string{"5s×|", "10s×|"}},
		"too long an interval": {10 * time.Second, FunctionSpec{CallsPerRound: fixed(1), IntervalMS: fixed(60_000), StartFrac: 0.1},
			[]string{"1s×|", "9.9s×|"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, shape(t, tt.length, tt.f)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestPoissonAndWave(t *testing.T) {
	const length, intervalMS = 3000 * time.Second, 50
	play := func(f FunctionSpec) (tenths [10]float64, gaps []time.Duration) {
		f.Name, f.Kind, f.MemoryMB, f.CallsPerRound, f.IntervalMS = "f", Sleep, 1, fixed(1), fixed(intervalMS)
		f.setDefaults()
		w, err := (&Spec{Name: "s", Length: length, Seed: 1, Functions: []FunctionSpec{f}}).Workload()
		if err != nil {
			t.Fatal(err)
		}
		var last time.Duration
		for c := range w.Calls() {
			tenths[int(10*c.Offset/length)]++
			gaps = append(gaps, c.Offset-last)
			last = c.Offset
		}
		return tenths, gaps
	}
	const inTenth = 6000.0

	tenths, gaps := play(FunctionSpec{Pattern: Poisson})
	for i, n := range tenths {
		if math.Abs(n-inTenth) > 4*math.Sqrt(inTenth) {
			t.Errorf("poisson: %v calls in tenth %d, want %v", n, i, inTenth)
		}
	}
	slices.Sort(gaps)
	if median, want := gaps[len(gaps)/2].Seconds(), math.Ln2*intervalMS/1000; math.Abs(median-want) > 0.02*want {
		t.Errorf("poisson: half of the gaps are below %v s, want %v", median, want)
	}

	tenths, gaps = play(FunctionSpec{Pattern: Wave, PeakRatio: 4})
	if n := float64(len(gaps)); math.Abs(n-10*inTenth) > 4*math.Sqrt(10*inTenth) {
		t.Errorf("wave: %v calls, want %v", n, 10*inTenth)
	}
	for i, n := range tenths {
		// Linear from 0.4 to 1.6 times the mean in the middle, and back.
		fromMiddle := math.Abs(float64(i)+0.5-5) / 5
		if want := inTenth * (1.6 - 1.2*fromMiddle); math.Abs(n-want) > 4*math.Sqrt(want) {
			t.Errorf("wave: %v calls in tenth %d, want %v", n, i, want)
		}
	}
}

func TestCountAndFollow(t *testing.T) {
	w, err := readWorkload(`
name: chain
length: 60s
seed: 1
functions:
  - {name: f, count: 2, account: shop, kind: sleep, memory_mb: 128, calls_per_round: 1, interval_ms: 20000, sleep_ms: 1000,
     use_mb: 8, use_own_frac: 0.25}
  - {name: g, count: 2, kind: sleep, memory_mb: 128, pattern: follow, follows: f, delay_ms: 500, calls_per_round: 2, cpu_ms: 100}
  - {name: h, count: 2, kind: sleep, memory_mb: 128, pattern: follow, follows: g, start_frac: 0.1, end_frac: 0.5, calls_per_round: 1}
`)
	if err != nil {
		t.Fatal(err)
	}
	if f := w.Functions[1]; f.Name != "f-2" || f.Account != "shop" || f.Resident != 6*MiB || f.Used {
		t.Errorf("%+v", f)
	}
	var got []string
	for c := range w.Calls() {
		if name := w.Functions[c.Function].Name; strings.HasSuffix(name, "-2") {
			got = append(got, name+" "+c.Offset.String())
		}
	}
	want := []string{
		"f-2 0s", "g-2 1.5s", "g-2 1.5s", // h would come before its phase
		"f-2 20s", "g-2 21.5s", "g-2 21.5s", "h-2 21.6s", "h-2 21.6s",
		"f-2 40s", "g-2 41.5s", "g-2 41.5s", // and after it
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func readWorkload(text string) (*Workload, error) {
	spec, err := ReadSpec(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	return spec.Workload()
}
