package contest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/minifaas/minifaas/bench/replay"
	"github.com/minifaas/minifaas/bench/report"
)

// late is when an answer of the scheduler's is one that people want to hear of.
const late = 10 * time.Second

// troubles are what a scheduler did that it must not do, by kind.
type troubles struct{ all []report.Trouble }

func (t *troubles) none() bool { return len(t.all) == 0 }

func (t *troubles) add(kind, first string) {
	for i := range t.all {
		if t.all[i].Kind == kind {
			t.all[i].Count++
			return
		}
	}
	t.all = append(t.all, report.Trouble{Kind: kind, Count: 1, First: first})
}

// list has what ended the scheduler first, and then the most frequent.
func (t *troubles) list() []report.Trouble {
	slices.SortStableFunc(t.all, func(a, b report.Trouble) int {
		return cmp.Or(cmp.Compare(weight(b), weight(a)), cmp.Compare(b.Count, a.Count))
	})
	return t.all
}

func weight(t report.Trouble) int {
	if strings.HasPrefix(t.Kind, "it did not start") || strings.HasPrefix(t.Kind, "its process ended") {
		return 1
	}
	return 0
}

// observe finds troubles in calls, which are in order of time.
func (t *troubles) observe(records []replay.Record) {
	for i := range records {
		rec := &records[i]
		first := fmt.Sprintf("%s, %.1f s into the load", rec.Function, rec.Offset.Seconds())
		if kind := explain(rec); kind != "" {
			t.add(kind, first+": "+cmp.Or(rec.Message, rec.Error))
		}
		if kind, after := lateness(rec); kind != "" {
			t.add(kind, fmt.Sprintf("%s: after %v", first, after.Round(time.Millisecond)))
		}
	}
}

// lateness says in words that the scheduler answered late, and after what time; empty if it
// did not, if nobody knows when it did, or if the kind of failure says as much.
func lateness(rec *replay.Record) (kind string, after time.Duration) {
	if rec.Schedule >= late {
		return fmt.Sprintf("containers granted %v or more after they were asked for", late), rec.Schedule
	}
	said := rec.Error == codes.DeadlineExceeded.String() || rec.Error == codes.Unavailable.String()
	if after := rec.Response - rec.Late; after >= late && rec.Refused() && !said {
		return fmt.Sprintf("calls that failed without a container %v or more after they were sent", late), after
	}
	return "", 0
}

// explain says in words what a failed call tells of the scheduler; empty if that is nothing.
func explain(rec *replay.Record) string {
	switch rec.Error {
	case "":
		return ""
	case replay.SchedulerGone:
		if rec.Sent {
			return "calls in flight without an answer when the scheduler was gone"
		}
		return "calls not sent, for the scheduler was gone"
	case replay.NotSent:
		return "calls not sent, for too many were in flight"
	case replay.Unfinished:
		return "calls without an answer at the end of the run"
	case "Timeout":
		return "calls that ran longer than their function may: too much on a node, or in a container"
	case "OutOfMemory":
		return "containers killed for want of memory"
	case "FunctionError":
		return ""
	case codes.DeadlineExceeded.String():
		return "containers not granted in time: no answer within 60 s, or DEADLINE_EXCEEDED"
	case codes.FailedPrecondition.String():
		if strings.Contains(rec.Message, " runs ") {
			return "containers granted that are another function's"
		}
	case codes.Unavailable.String():
		if strings.Contains(rec.Message, "gone before the function began") {
			return "containers granted that are on no node, five times for a call"
		}
	case codes.Aborted.String():
		return "containers lost under their calls: removed while busy, killed, or their node lost"
	}
	return "answers that are an error, " + rec.Error
}
