package load

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestHotpath(t *testing.T) {
	const slow = 3 * time.Millisecond
	s := &scheduler{acquire: func(int) error {
		time.Sleep(slow) // so that which side is which shows
		return nil
	}}
	var blocks int
	got, err := MeasureHotpath(t.Context(), HotpathConfig{
		Scheduler: s.serve(t), Callers: []int{1, 4}, Rounds: 3, Block: 10 * time.Millisecond, EchoServer: echoServer(t),
		Progress: func(done, total int) {
			if blocks++; done != blocks || total != 16 {
				t.Errorf("%d of %d blocks", done, total)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if blocks != 16 || got.Rounds != 3 || got.Partial || len(got.Points) != 2 {
		t.Fatalf("%d blocks, %+v", blocks, got)
	}
	for i, p := range got.Points {
		if p.Callers != []int{1, 4}[i] || p.Cold != 0 || p.Session != nil {
			t.Errorf("%+v", p)
		}
		if p.Scheduler.P50 < slow || p.Scheduler.P99 < p.Scheduler.P50 || p.Echo.P50 <= 0 || p.Ratio <= 0 || p.P99Ratio <= 0 {
			t.Errorf("%+v", p)
		}
		if most := float64(p.Callers) / slow.Seconds(); p.Scheduler.PairsPerSecond > most {
			t.Errorf("%.0f pairs a second: more than can be, %.0f", p.Scheduler.PairsPerSecond, most)
		}
	}
	if s.removed > 0 {
		t.Errorf("%d warm containers were given back as used up", s.removed)
	}
}

// TestHotpathOverASession: a third side, where the scheduler has it.
func TestHotpathOverASession(t *testing.T) {
	s := &scheduler{sessions: true}
	blocks := 0
	got, err := MeasureHotpath(t.Context(), HotpathConfig{
		Scheduler: s.serve(t), Callers: []int{1, 4}, Rounds: 3, Block: 10 * time.Millisecond, EchoServer: echoServer(t),
		Progress: func(done, total int) {
			if blocks++; done != blocks || total != 24 {
				t.Errorf("%d of %d blocks", done, total)
			}
		},
	})
	if err != nil || blocks != 24 || len(got.Points) != 2 {
		t.Fatalf("%d blocks, %+v, %v", blocks, got, err)
	}
	for _, p := range got.Points {
		if f := p.Session; f == nil || f.PairsPerSecond <= 0 || f.P50 <= 0 || f.P99 < f.P50 || f.Ratio <= 0 || f.P99Ratio <= 0 {
			t.Errorf("%d callers: %+v", p.Callers, f)
		}
	}
}

func TestHotpathInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	got, err := MeasureHotpath(ctx, HotpathConfig{
		Scheduler: (&scheduler{}).serve(t), Callers: []int{2}, Rounds: 5, Block: 5 * time.Millisecond, EchoServer: echoServer(t),
		Progress: func(done, _ int) {
			if done == 5 { // the warm-up, one round, and half of the next
				cancel()
			}
		},
	})
	if err != nil || !got.Partial || got.Rounds != 1 || got.Points[0].Ratio <= 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestHotpathInterruptedEarly: before a round is finished there is nothing to show, and no error.
func TestHotpathInterruptedEarly(t *testing.T) {
	for _, blocks := range []int{0, 1, 3} { // the first containers, the warm-up, the first round
		ctx, cancel := context.WithCancel(t.Context())
		s := &scheduler{acquire: func(int) error {
			if blocks == 0 {
				cancel()
			}
			return nil
		}}
		got, err := MeasureHotpath(ctx, HotpathConfig{
			Scheduler: s.serve(t), Callers: []int{2}, Rounds: 5, Block: 5 * time.Millisecond, EchoServer: echoServer(t),
			Progress: func(done, _ int) {
				if done == blocks {
					cancel()
				}
			},
		})
		if err != nil || !got.Partial || got.Rounds != 0 || len(got.Points) != 0 {
			t.Errorf("after %d blocks: %+v, %v", blocks, got, err)
		}
		cancel()
	}
}

func TestHotpathEndsWithAFailedCall(t *testing.T) {
	s := &scheduler{acquire: func(n int) error {
		if n > 20 {
			return errors.New("boom")
		}
		return nil
	}}
	_, err := MeasureHotpath(t.Context(), HotpathConfig{Scheduler: s.serve(t), Callers: []int{2}, EchoServer: echoServer(t)})
	if err == nil || !strings.Contains(err.Error(), "2 callers of the scheduler") || !strings.Contains(err.Error(), "boom") {
		t.Errorf("got %v", err)
	}
}

func TestHotpathFaults(t *testing.T) {
	for want, cfg := range map[string]HotpathConfig{
		"must be given":        {},
		"must not be negative": {Scheduler: "x", Rounds: -1},
		"1 or more":            {Scheduler: "x", Callers: []int{0}},
		"start echo server":    {Scheduler: "x", EchoServer: []string{"/nonexistent"}},
	} {
		if _, err := MeasureHotpath(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want one with %q", err, want)
		}
	}
}

func TestMedian(t *testing.T) {
	of := func(values ...float64) float64 {
		var rounds []sample
		for _, v := range values {
			rounds = append(rounds, sample{sides: [session + 1]Figures{ours: {PairsPerSecond: v}}})
		}
		return median(rounds, func(s sample) float64 { return s.sides[ours].PairsPerSecond })
	}
	if got := of(9, 1, 4); got != 4 {
		t.Errorf("median of 9, 1, 4: %v", got)
	}
	if got := of(9, 1, 4, 2); got != 3 {
		t.Errorf("median of 9, 1, 4, 2: %v", got)
	}
}

func TestRequestID(t *testing.T) {
	seen := map[string]bool{}
	for _, at := range [][2]int{{0, 1}, {1, 0}, {255, 1 << 30}, {256, 1 << 30}} {
		id := requestID(at[0], at[1])
		if len(id) != len("00000000-0000-4000-8000-000000000000") || seen[id] {
			t.Errorf("%v: %q", at, id)
		}
		seen[id] = true
	}
}
