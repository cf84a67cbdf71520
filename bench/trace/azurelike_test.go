package trace

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// perSecond is the mean rate of a function of azureLike.
func perSecond(f *FunctionSpec) float64 { return f.CallsPerRound.Mean / f.IntervalMS.Mean * 1000 }

func within(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s: %.4f, published %.4f", what, got, want)
	}
}

func TestAzureLikeHasThePublishedStatistics(t *testing.T) {
	const n = 5000
	for seed := uint64(1); seed <= 3; seed++ {
		spec := azureLike(n, seed)
		var hourly, minutely, timers, total, popular float64
		var rates, logs []float64
		for i := range spec.Functions {
			f := &spec.Functions[i]
			rate := perSecond(f)
			rates = append(rates, rate)
			total += rate
			switch {
			case rate <= 1.0/3600*1.0001:
				hourly++
				minutely++
			case rate <= 1.0/60*1.0001:
				minutely++
			default:
				popular += rate
			}
			if f.Pattern == Timer {
				timers++
			}
			mean := (f.CPUMS.Median + f.SleepMS.Median) * math.Exp(spread*spread/2)
			logs = append(logs, math.Log(mean/1000))
		}
		within(t, "at most once an hour", hourly/n, 0.45, 0.02)
		within(t, "at most once a minute", minutely/n, 0.81, 0.02)
		within(t, "calls of the others", popular/total, 0.996, 0.001)
		within(t, "timers", timers/n, 0.29, 0.001)
		if ratio := slices.Max(rates) / slices.Min(rates); ratio < 1e5 {
			t.Errorf("rates span a factor of %.2g only", ratio)
		}
		slices.Sort(logs)
		within(t, "median execution time (ln s)", logs[n/2], executionMu, 0.15)
		// The quartiles, because the ends are cut off.
		within(t, "sigma of execution times", (logs[3*n/4]-logs[n/4])/1.349, executionSigma, 0.15)
	}
}

func TestAzureLikeKeepsNoFunctionTooBusy(t *testing.T) {
	spec := azureLike(azureLikeFunctions, azureLikeSeed)
	for i := range spec.Functions {
		f := &spec.Functions[i]
		if busy := perSecond(f) * (f.CPUMS.Median + f.SleepMS.Median) / 1000; busy > mostBusy*1.01 {
			t.Errorf("%s keeps %.1f calls in flight", f.Name, busy)
		}
		if used := f.UseMB.Max + 8; float64(f.MemoryMB) < used {
			t.Errorf("%s uses %.0f MiB of %d", f.Name, used, f.MemoryMB)
		}
	}
}

func TestAzureLikeByNumberSeedAndLength(t *testing.T) {
	open := func(name string, opts Options) *Workload {
		w, err := Open(name, opts)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := open("azure-like:1000", Options{Length: 10 * time.Minute, Seed: 4})
	if len(w.Functions) != 1000 || w.Length != 10*time.Minute || w.Seed != 4 || w.Functions[0].Name != "f0001" {
		t.Errorf("%d functions, %v, seed %d, %+v", len(w.Functions), w.Length, w.Seed, w.Functions[0])
	}
	if diff := cmp.Diff(w.Functions, open("azure-like:1000", Options{Seed: 4}).Functions); diff != "" {
		t.Errorf("same seed, other functions:\n%s", diff)
	}
	if cmp.Equal(w.Functions, open("azure-like:1000", Options{Seed: 5}).Functions) {
		t.Error("another seed, same functions")
	}
	for _, name := range []string{"azure-like:", "azure-like:0", "azure-like:many", "azure-like:1e3"} {
		if _, err := Open(name, Options{}); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
