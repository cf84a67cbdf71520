package contest

import (
	"cmp"
	"slices"
	"time"

	"github.com/minifaas/minifaas/bench/report"
)

// coldCauses counts cold starts by what there was of the function when they were
// called. The observer looks at containers once a step: what came and went
// between is known by its calls alone.
func (r *recorder) coldCauses() map[string]int {
	causes := map[string]int{}
	containers := r.histories()
	called := make([]bool, len(r.cfg.Workload.Functions))
	for i := range r.records {
		rec := &r.records[i]
		if rec.ColdStart {
			causes[cause(called[rec.Index], containers[rec.Function], rec.Intended)]++
		}
		called[rec.Index] = true
	}
	return causes
}

func cause(called bool, containers []*history, at time.Time) string {
	if !called {
		return report.CauseFirst
	}
	why := report.CauseGone
	for _, c := range containers {
		if !c.first.Before(at) { // they are in order of their first use
			if why == report.CauseGone && c.soonest.Before(at) {
				return report.CauseComing
			}
			break
		}
		switch {
		case c.last.Before(at):
		case c.busy(at):
			why = report.CauseBusy
		default:
			return report.CauseIdle
		}
	}
	return why
}

// history is when a container was there to be used, and when it was.
type history struct {
	first, last time.Time
	// coming is from when on it is known to have been on its way, and soonest the least of
	// that of this container and those after it.
	coming, soonest time.Time
	// fresh: it was made for the call that it got first, and free for nobody else before.
	fresh bool
	calls []span
}

// span is a call's time with a container, from when it came: of calls that come at one
// time, one that gets the container leaves none idle for the others. until is the latest
// end of this call and those before it.
type span struct{ begin, until time.Time }

// busy: some call was in it.
func (h *history) busy(at time.Time) bool {
	i, _ := slices.BinarySearchFunc(h.calls, at, func(s span, at time.Time) int {
		if s.begin.After(at) {
			return 1
		}
		return -1
	})
	return i > 0 && h.calls[i-1].until.After(at)
}

// histories are those of all containers, by function, in order of their first use.
func (r *recorder) histories() map[string][]*history {
	byID, byFunction := map[string]*history{}, map[string][]*history{}
	for id, l := range r.lives {
		h := &history{coming: l.coming, first: l.first, last: l.last}
		byID[id] = h
		byFunction[l.function] = append(byFunction[l.function], h)
	}
	for i := range r.records {
		rec := &r.records[i]
		if rec.Container == "" {
			continue
		}
		begin, end := r.granted(rec), rec.Intended.Add(r.clock().Real(rec.Response))
		h := byID[rec.Container]
		if h == nil {
			h = &history{coming: begin, first: begin, last: end}
			byID[rec.Container] = h
			byFunction[rec.Function] = append(byFunction[rec.Function], h)
		}
		h.calls = append(h.calls, span{rec.Intended, end})
		if h.first.IsZero() || begin.Before(h.first) || rec.ColdStart && !h.fresh {
			h.first = begin
		}
		if rec.ColdStart && rec.Intended.Before(h.coming) {
			h.coming = rec.Intended
		}
		h.fresh = h.fresh || rec.ColdStart
		if end.After(h.last) {
			h.last = end
		}
	}
	for _, containers := range byFunction {
		for _, h := range containers {
			h.order()
			if h.first.IsZero() {
				h.first = h.last // nobody could ever use it
			}
		}
		slices.SortFunc(containers, func(a, b *history) int { return a.first.Compare(b.first) })
		for i, h := range slices.Backward(containers) {
			h.soonest = h.coming
			if i+1 < len(containers) && containers[i+1].soonest.Before(h.soonest) {
				h.soonest = containers[i+1].soonest
			}
		}
	}
	return byFunction
}

func (h *history) order() {
	slices.SortFunc(h.calls, func(a, b span) int { return cmp.Or(a.begin.Compare(b.begin), a.until.Compare(b.until)) })
	for i := 1; i < len(h.calls); i++ {
		if before := h.calls[i-1].until; before.After(h.calls[i].until) {
			h.calls[i].until = before
		}
	}
}
