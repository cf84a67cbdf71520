package linux

import (
	"math"
	"time"
)

// demand says how many sandboxes of a kind should wait: as many as were taken in
// the busiest second lately. It fades by half in half a minute.
type demand struct {
	second time.Time // began then
	count  int       // taken in it
	peak   float64
	last   time.Time
}

const (
	demandHalfLife = 30 * time.Second
	// forgotten: a kind that nobody has asked for since needs none.
	forgotten = 10 * time.Minute
)

func (d *demand) taken(now time.Time) {
	if now.Sub(d.second) >= time.Second {
		d.peak = d.faded(now)
		d.second, d.count = now, 0
	}
	d.count++
	d.last = now
}

// faded is the peak at now, the second under way included.
func (d *demand) faded(now time.Time) float64 {
	age := now.Sub(d.second).Seconds() / demandHalfLife.Seconds()
	return max(d.peak*math.Exp2(-age), float64(d.count)*math.Exp2(-max(0, age)))
}

// target is at least one as long as the kind is in use.
func (d *demand) target(now time.Time, least int) int {
	if d.last.IsZero() || now.Sub(d.last) > forgotten {
		return 0
	}
	return max(1, least, int(math.Ceil(d.faded(now)-0.5)))
}
