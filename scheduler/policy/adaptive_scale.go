package policy

import (
	"math"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Scale prices waiting against creating. With W requests waiting, c calls to a
// container, executions of E and cold starts of C, the containers that there
// are clear the backlog in W*E/(ready*c). If that takes more than theta*C, it
// wants enough new ones to clear it within one more C, W*E/(c*C) of them, those
// under way included. While E is unknown it starts slowly: containers under
// way at most double those ready.
func (a *Adaptive) Scale(now engine.Instant, f *engine.FunctionView) (int, engine.Instant) {
	if f.Waiting == 0 {
		return 0, 0
	}
	l := a.of(f)
	share := a.Concurrency(f)
	useful := (f.Waiting + share - 1) / share
	cold := float64(a.coldStart(l))
	execution, known := l.expected(now, f)
	work := float64(f.Waiting) * float64(execution) / float64(share)

	want := 0
	switch {
	case !known:
		want = max(2, f.Ready)
	case f.Ready == 0 || work/float64(f.Ready) > float64(a.cfg.Theta*cold):
		want = int(min(math.Ceil(work/cold), float64(useful)))
	}
	want = min(want, useful) - f.Creating
	if f.Ready+f.Creating == 0 {
		want = max(want, 1)
	}
	return max(want, 0), 0
}

// expected is how long an execution takes: the moving average sees a change at
// once, the median keeps a run of short calls from hiding the usual long ones,
// and a call that still runs shows that it can take so long.
func (l *learned) expected(now engine.Instant, f *engine.FunctionView) (time.Duration, bool) {
	if l.execution.n == 0 {
		return 0, false
	}
	d := max(l.execution.value, l.executions.median(), time.Microsecond)
	if f.InFlight > 0 {
		d = max(d, now.Sub(f.OldestGrant))
	}
	return d, true
}

func (a *Adaptive) coldStart(l *learned) time.Duration {
	switch {
	case l.cold.n > 0:
		return max(l.cold.value, time.Millisecond)
	case a.cold.n > 0:
		return max(a.cold.value, time.Millisecond)
	}
	return a.cfg.ColdStart
}
