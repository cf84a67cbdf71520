package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// displacement is what creations have cost other functions lately: those whose
// idle containers were evicted to make room will pay for cold starts of their own.
type displacement struct {
	// mean is of what each of the latest creations cost them, in byte-seconds; next
	// is what was evicted for the creations that have not ended.
	mean, next float64
	// last is when something was evicted.
	last engine.Instant
}

func (d *displacement) evicted(now engine.Instant, penalty time.Duration, memory engine.Bytes) {
	d.last = now
	d.next += float64(penalty.Seconds() * float64(memory))
}

func (d *displacement) created() {
	const recent = 16
	d.mean += (d.next - d.mean) / recent
	d.next = 0
}

func (d *displacement) state(c *engine.Codec) {
	engine.Float(c, &d.mean)
	engine.Float(c, &d.next)
	engine.Int(c, &d.last)
}

// displaces is what one more container of the function costs others, in seconds of
// waiting for the function, which gets more urgent meanwhile: nothing as long as there
// may be more nodes, and once nothing has been evicted for a while, for then there is room.
func (a *Adaptive) displaces(now engine.Instant, f *engine.FunctionView, p *engine.PoolView) float64 {
	const while = 30 * time.Second
	if !p.Exhausted || now.Sub(a.all.displaced.last) > while || !a.cfg.has(Displacing) {
		return 0
	}
	return a.all.displaced.mean / float64(a.urgency(now, f)*float64(max(a.Size(f).Booked, 1<<20)))
}
