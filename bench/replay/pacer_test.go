package replay

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/bench/trace"
)

// A call that held the sender up makes those due meanwhile late, and none after them.
func TestPaceKeepsAbsoluteDeadlines(t *testing.T) {
	w := workload(t, "5000,f,1,1", "6000,f,1,1", "6500,f,1,1", "9000,f,1,1")
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var sent, late []time.Duration
		ok := NewClock(0).pace(t.Context(), nil, start, w.Calls(), func(_ trace.Call, offset time.Duration, intended time.Time) {
			if got := intended.Sub(start); got != offset {
				t.Errorf("offset %v is intended at %v", offset, got)
			}
			sent = append(sent, time.Since(start))
			late = append(late, time.Since(intended))
			if len(sent) == 2 {
				time.Sleep(2 * time.Second)
			}
		})
		const s, ms = time.Second, time.Millisecond
		if diff := cmp.Diff([]time.Duration{0, 1 * s, 3 * s, 4 * s}, sent); !ok || diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]time.Duration{0, 0, 1500 * ms, 0}, late); diff != "" {
			t.Errorf("late (-want +got):\n%s", diff)
		}
	})
}

func TestPaceStopsWithItsContext(t *testing.T) {
	w := workload(t, "0,f,1,1", "1000,f,1,1", "9000,f,1,1")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start, n := time.Now(), 0
		ok := NewClock(0).pace(ctx, nil, start, w.Calls(), func(trace.Call, time.Duration, time.Time) { n++ })
		if ok || n != 2 || time.Since(start) != 5*time.Second {
			t.Errorf("sent %d, complete %v, after %v", n, ok, time.Since(start))
		}
	})
}
