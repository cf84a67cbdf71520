package trace

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// tail is how long before the end of its phase a round comes that had to be
// squeezed in: late, and yet inside.
const tail = 100 * time.Millisecond

// rounds makes the rounds of one function, one after the other.
//
// A phase that is too short is bent as little as possible, so that every
// function shows at least once cold and once after a pause: the first gap is
// cut to what the phase allows, and all rounds of pattern once are kept, moved
// earlier and at last closer together. What comes by the clock, by chance or
// after another function is left as it is.
type rounds struct {
	spec       *FunctionSpec
	rng        *rand.Rand
	start, end time.Duration
	made       int
	at         time.Duration // of the round before
	sincePause float64       // gaps since the last pause of pattern burst
}

func newRounds(spec *FunctionSpec, length time.Duration, rng *rand.Rand) *rounds {
	return &rounds{spec: spec, rng: rng, start: fraction(length, spec.StartFrac), end: fraction(length, spec.EndFrac)}
}

// next is the instant and the number of calls of the function's next round of its own.
func (r *rounds) next() (at time.Duration, calls int, ok bool) {
	switch r.spec.Pattern {
	case Follow:
		return 0, 0, false
	case Once:
		return r.nextOfOnce()
	case Poisson, Wave:
		at = r.nextByChance()
	case Timer:
		at = r.at + milliseconds(r.spec.IntervalMS.Mean)
		if r.made == 0 {
			at = r.start + r.first()
		}
	default:
		at = r.nextInPhase()
	}
	if at >= r.end {
		return 0, 0, false
	}
	r.at = at
	r.made++
	return at, r.calls(at), true
}

// after is the round that follows a call of another function, if it is within the phase.
func (r *rounds) after(c Call) (at time.Duration, calls int, ok bool) {
	at = c.Offset + c.CPU + c.Sleep + milliseconds(r.spec.DelayMS.draw(r.rng))
	if at < r.start || at >= r.end {
		return 0, 0, false
	}
	return at, r.calls(at), true
}

// first is how long after the start of the phase the first round comes.
func (r *rounds) first() time.Duration { return milliseconds(r.spec.FirstMS.draw(r.rng)) }

// nextInPhase sees to it that two rounds at least are within the phase.
func (r *rounds) nextInPhase() time.Duration {
	if r.made == 0 {
		return r.start + min(r.first(), r.room()/2)
	}
	gap := r.gap()
	if r.made == 1 {
		gap = min(gap, r.start+r.room()-r.at)
	}
	return r.at + gap
}

// room is the longest gap that fits into the phase once.
func (r *rounds) room() time.Duration {
	phase := r.end - r.start
	return max(phase-tail, phase/2)
}

// nextByChance draws the next round of a Poisson process. Pattern wave draws at
// its highest rate and leaves out as many as the rate is below it (Lewis and
// Shedler 1979).
func (r *rounds) nextByChance() time.Duration {
	at := r.at
	if r.made == 0 {
		at = r.start + r.first()
	}
	// The rate rises and falls linearly, so its mean is halfway between its ends.
	ratio := max(1, r.spec.PeakRatio)
	interval := r.spec.IntervalMS.Mean * (1 + ratio) / (2 * ratio) // at the peak
	for {
		at += milliseconds(interval * exponential(r.rng))
		if at >= r.end || ratio == 1 {
			return at
		}
		fromMiddle := math.Abs(float64(float64(2*(at-r.start))/float64(r.end-r.start)) - 1)
		if rate := 1 + float64((ratio-1)*(1-fromMiddle)); r.rng.Float64()*ratio < rate {
			return at
		}
	}
}

func (r *rounds) gap() time.Duration {
	interval := r.spec.IntervalMS
	if r.spec.Pattern != Burst {
		return milliseconds(interval.draw(r.rng))
	}
	// One pause in so many gaps makes the mean; a remainder is carried over.
	every := math.Inf(1)
	if interval.Mean > interval.Min {
		every = (interval.Max - interval.Min) / (interval.Mean - interval.Min)
	}
	r.sincePause++
	if r.sincePause < every {
		return milliseconds(interval.Min)
	}
	r.sincePause -= every
	return milliseconds(interval.Max)
}

func (r *rounds) calls(at time.Duration) int {
	calls := r.spec.CallsPerRound
	if r.spec.Pattern != Ramp {
		return max(1, calls.drawInt(r.rng))
	}
	// The last round comes about an interval before the end, and is to be the highest.
	span := r.end - r.start - milliseconds(r.spec.IntervalMS.Mean)
	progress := 1.0
	if span > 0 {
		progress = min(1, float64(at-r.start)/float64(span))
	} else if at == r.start {
		progress = 0
	}
	return int(math.Round(calls.Min + float64((calls.Max-calls.Min)*progress)))
}

func (r *rounds) nextOfOnce() (at time.Duration, calls int, ok bool) {
	if r.made == r.spec.Rounds {
		return 0, 0, false
	}
	first, gap := r.onceStart()
	if r.made == 0 {
		r.at = first
	} else {
		r.at += min(gap, milliseconds(r.spec.IntervalMS.draw(r.rng)))
	}
	r.made++
	return r.at, r.calls(r.at), true
}

// onceStart is when pattern once begins, and the longest gap that it may make.
func (r *rounds) onceStart() (first, gap time.Duration) {
	gap = milliseconds(r.spec.IntervalMS.Max)
	gaps := time.Duration(r.spec.Rounds - 1)
	if gaps == 0 {
		return r.start, gap
	}
	latest := max(r.end-tail, r.end/2)
	if first = latest - gaps*gap; first >= 0 {
		return min(r.start, first), gap
	}
	return 0, latest / gaps
}

// squeezed says what was bent to fit; empty if nothing was.
func (r *rounds) squeezed() string {
	mean := milliseconds(r.spec.IntervalMS.Mean)
	switch r.spec.Pattern {
	case Timer, Poisson, Wave, Follow:
		return ""
	case Once:
		return r.onceSqueezed(mean)
	case Burst:
		mean = milliseconds(r.spec.IntervalMS.Min) // no burst begins with a pause
	}
	first := min(milliseconds(r.spec.FirstMS.Mean), r.room()/2)
	if first+mean <= r.room() {
		return ""
	}
	return fmt.Sprintf("%s: its rounds, %v apart, do not fit twice into its phase of %v: the second comes after %v",
		r.spec.Name, mean, rounded(r.end-r.start), rounded(r.room()-first))
}

func (r *rounds) onceSqueezed(mean time.Duration) string {
	switch first, gap := r.onceStart(); {
	case gap < mean:
		return fmt.Sprintf("%s: its %d rounds, %v apart, do not fit: they come %v apart",
			r.spec.Name, r.spec.Rounds, mean, rounded(gap))
	case first < r.start:
		return fmt.Sprintf("%s: its %d rounds do not fit after %v: they begin at %v",
			r.spec.Name, r.spec.Rounds, rounded(r.start), rounded(first))
	}
	return ""
}

func fraction(length time.Duration, frac float64) time.Duration {
	return time.Duration(float64(length) * frac)
}

// milliseconds rounds to the microsecond, the finest that files and events speak of.
func milliseconds(ms float64) time.Duration {
	return time.Duration(math.Round(ms*1000)) * time.Microsecond
}

func rounded(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }
