package schedulerclient

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestReturnsAreOverBeforeTheNextAcquire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r returns
		start := time.Now()
		for _, takes := range []time.Duration{3 * time.Second, time.Second} {
			r.begin("f", func() { time.Sleep(takes) })
		}
		r.begin("g", func() { time.Sleep(time.Minute) })
		r.await(t.Context(), "f")
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("waited %v for the returns of f, want 3 s", took)
		}
		r.await(t.Context(), "nobody")
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("waited for a function without returns until %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r.await(ctx, "g")
		if took := time.Since(start); took != 4*time.Second {
			t.Errorf("a caller that left waited until %v", took)
		}
		r.running.Wait()
		if len(r.last) != 0 {
			t.Errorf("%d functions are remembered without returns", len(r.last))
		}
	})
}
