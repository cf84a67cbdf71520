package trace

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/minifaas/minifaas/internal/portable"
)

// azureLikeName is the name of the built-in workload that azureLike makes. With
// a colon and a number after it, it has so many functions.
const azureLikeName = "azure-like"

const (
	azureLikeAbout     = "300 functions as rare, as long and as big as those of Azure Functions; azure-like:N makes N"
	azureLikeFunctions = 300
	azureLikeSeed      = 1
)

// Published figures of Azure Functions: Shahrad et al., "Serverless in the
// Wild: Characterizing and Optimizing the Serverless Workload at a Large Cloud
// Provider", USENIX ATC 2020. Burr memory is in burrMemory.
const (
	// Of the logarithm of a function's mean execution time in seconds.
	executionMu, executionSigma = -0.38, 2.36
	// timerShare of the applications have a timer.
	timerShare = 0.29
)

// popularity has knots of the calls per second of functions, by the share that
// is called less often, linear in logarithms between: 45 % at most once an
// hour, 81.4 % at most once a minute. The ends are ours: the rarest once a day,
// the busiest so that those above once a minute make 99.6 % of the calls.
var popularity = []struct{ share, rate float64 }{
	{0, 1.0 / 86400}, {0.45, 1.0 / 3600}, {0.814, 1.0 / 60}, {1, 13},
}

// Figures that are not published, and our choice.
const (
	// spread is the sigma of a function's own execution times: about the
	// median of the functions in a sample of 250 from the trace of 2019.
	spread = 0.4
	// shortest and longest mean execution time, in ms.
	shortest, longest = 1, 60_000
	// mostBusy bounds rate × execution time. Popular functions are short: in that
	// sample none keeps more than 9 calls in flight on average.
	mostBusy = 9
	// busyShare of the functions use the CPU for busyCPU of their time, the others for idleCPU.
	busyShare, busyCPU, idleCPU = 0.3, 0.2, 0.01
	// waveShare of the functions without a timer are called in a wave, the others in rounds of roundMean.
	waveShare, roundMean, roundMax = 0.6, 4, 40
)

// timerMinutes are the periods that people give their timers.
var timerMinutes = []float64{1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1440}

// azureLike specifies one hour of a workload calibrated to what was published
// about Azure Functions, for those who have no trace. The load grows with the
// number of functions: 300 make 110 calls a second and,
// with the seeds from 1 to 10, keep 70 to 130 in flight.
func azureLike(functions int, seed uint64) *Spec {
	rng := rand.New(rand.NewPCG(seed, hashOf(azureLikeName)))
	rates := make([]float64, functions)
	for i := range rates {
		// One function in each equal part of the distribution: its upper end
		// makes nearly all the load, and is to be there whatever the seed.
		rates[i] = rateAt(1 - (float64(i)+rng.Float64())/float64(functions))
	}
	times := executionTimes(rng, rates)
	timers := chooseTimers(rng, rates)
	s := &Spec{Name: azureLikeName, About: azureLikeAbout, Length: time.Hour, Seed: seed}
	for i, rate := range rates {
		f := FunctionSpec{Name: fmt.Sprintf("f%0*d", len(fmt.Sprint(functions)), i+1), Kind: Sleep, Timeout: 10 * time.Minute}
		f.callAt(rate, timers[i], rng)
		f.workFor(times[i], rng)
		f.setDefaults()
		s.Functions = append(s.Functions, f)
	}
	return s
}

// rateAt is the calls per second that a share of the functions stays below.
func rateAt(share float64) float64 {
	i := 1
	for i < len(popularity)-1 && share > popularity[i].share {
		i++
	}
	low, high := popularity[i-1], popularity[i]
	from, to := portable.Log(low.rate), portable.Log(high.rate)
	return portable.Exp(from + float64((to-from)*(share-low.share)/(high.share-low.share)))
}

// executionTimes draws a mean execution time, in ms, for each of the rates,
// which fall: every function takes the next one that does not keep too many of
// its calls in flight, or the shortest that is left.
func executionTimes(rng *rand.Rand, rates []float64) []float64 {
	left := make([]float64, len(rates))
	for i := range left {
		for left[i] < shortest || left[i] > longest {
			left[i] = 1000 * portable.Exp(executionMu+float64(executionSigma*normal(rng)))
		}
	}
	times := make([]float64, len(rates))
	for i, rate := range rates {
		pick := slices.IndexFunc(left, func(ms float64) bool { return rate*ms <= mostBusy*1000 })
		if pick < 0 {
			pick = slices.Index(left, slices.Min(left))
		}
		last := len(left) - 1
		times[i], left[pick] = left[pick], left[last]
		left = left[:last]
	}
	return times
}

// chooseTimers picks the functions that timers call, among those called at most once a minute.
func chooseTimers(rng *rand.Rand, rates []float64) []bool {
	timers := make([]bool, len(rates))
	left := int(timerShare * float64(len(rates)))
	for _, i := range rng.Perm(len(rates)) {
		if left > 0 && rates[i] <= 1.0/60 {
			timers[i] = true
			left--
		}
	}
	return timers
}

// callAt sets when the function is called: so many times a second on average.
func (f *FunctionSpec) callAt(rate float64, timer bool, rng *rand.Rand) {
	switch {
	case timer:
		minutes := nearest(timerMinutes, 1/rate/60)
		f.Pattern, f.CallsPerRound, f.IntervalMS = Timer, fixed(1), fixed(minutes*60_000)
		f.FirstMS = fixed(float64(rng.IntN(int(minutes))) * 60_000) // timers go by the clock: on the minute
	case rng.Float64() < waveShare:
		f.Pattern, f.CallsPerRound, f.IntervalMS = Wave, fixed(1), fixed(1000/rate)
	default:
		f.Pattern, f.CallsPerRound, f.IntervalMS = Poisson, between(1, roundMean, roundMax), fixed(roundMean*1000/rate)
	}
}

// nearest of some positive values is the one with the smallest ratio to v.
func nearest(values []float64, v float64) float64 {
	return slices.MinFunc(values, func(a, b float64) int {
		if max(a/v, v/a) < max(b/v, v/b) {
			return -1
		}
		return 1
	})
}

// workFor sets what a call does, ms being how long it takes on average.
func (f *FunctionSpec) workFor(ms float64, rng *rand.Rand) {
	cpu := idleCPU
	if rng.Float64() < busyShare {
		f.Kind, cpu = CPU, busyCPU
	}
	ms *= portable.Exp(-spread * spread / 2) // from the mean to the median
	f.CPUMS = logNormal(cpu*ms, spread, 5*cpu*ms)
	f.SleepMS = logNormal((1-cpu)*ms, spread, 5*(1-cpu)*ms)

	used := int64(burrMemory(rng)) + 1
	const step, platform = 64, 8 // containers come in steps, and hold something of the platform's
	f.MemoryMB = (used + platform + step - 1) / step * step
	f.UseMB, f.UseOwnFrac = fixed(float64(used)), 0.1
}
