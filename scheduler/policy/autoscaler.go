package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Parameters of Knative's pod autoscaler: its config-autoscaler's defaults.
const (
	autoscalerTick = 2 * time.Second
	stableWindow   = loadWindow
	panicWindow    = loadWindow / 10
	panicThreshold = 2
	mostScaleUp    = 1000 // times what is ready
	mostScaleDown  = 2    // ready by this
)

// autoscaler is Knative's rule for one function: so many containers as the load
// of the last minute fills to the target, or that of the last six seconds when
// this is twice what is ready; then they become no fewer for a minute.
type autoscaler struct {
	load load
	// next is when it decides again; 0 while the function has nothing.
	next engine.Instant
	// desired containers; 0 since zeroSince.
	desired   int
	zeroSince engine.Instant
	// panicked is when the panic threshold was last reached; 0 when long ago.
	panicked  engine.Instant
	mostPanic int
}

// refresh decides if it is time to. target is the load that a container is to
// have, in percent of one call.
func (a *autoscaler) refresh(now engine.Instant, ready, target int) {
	if now < a.next {
		return
	}
	// Ticks are at even seconds for all functions.
	a.next = (now/engine.Instant(autoscalerTick) + 1) * engine.Instant(autoscalerTick)
	a.load.advance(now)
	was := a.desired
	a.desired = a.decide(now, max(1, ready), target)
	if a.desired == 0 && (was > 0 || a.zeroSince == 0) {
		a.zeroSince = now
	}
}

func (a *autoscaler) decide(now engine.Instant, ready, target int) int {
	least, most := ready/mostScaleDown, ready*mostScaleUp
	wantPanic := a.wanted(panicWindow, target)
	desired := min(max(a.wanted(stableWindow, target), least), most)
	switch {
	case wantPanic >= panicThreshold*ready:
		a.panicked = max(now, 1)
	case a.panicked != 0 && now.Sub(a.panicked) > stableWindow*time.Second:
		a.panicked, a.mostPanic = 0, 0
	}
	if a.panicked == 0 {
		return desired
	}
	a.mostPanic = max(a.mostPanic, desired, min(max(wantPanic, least), most))
	return a.mostPanic
}

// wanted is the load in the window by the target, rounded up.
func (a *autoscaler) wanted(window int64, target int) int {
	spent, of := a.load.over(window)
	return int(ceilDiv(spent*percent, of*time.Duration(target)))
}

func (a *autoscaler) state(c *engine.Codec) {
	a.load.state(c)
	engine.Int(c, &a.next)
	engine.Int(c, &a.desired)
	engine.Int(c, &a.zeroSince)
	engine.Int(c, &a.panicked)
	engine.Int(c, &a.mostPanic)
}
