package load

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWindow(t *testing.T) {
	const ms = time.Millisecond
	w := window{from: 100 * ms, to: 200 * ms}
	for _, a := range []answer{
		{due: 0, took: 50 * ms, cold: true},                        // before
		{due: 90 * ms, took: 20 * ms, cold: true},                  // due before, answered within
		{due: 100 * ms, took: 30 * ms, cold: true},                 // within
		{due: 110 * ms, took: 40 * ms, cold: false},                // no creation
		{due: 120 * ms, took: 10 * ms, err: errors.New("refused")}, // failed
		{due: 130 * ms, took: 10 * ms, err: errors.New("later")},
		{due: 190 * ms, took: 20 * ms, cold: true}, // due within, answered after
		{due: 200 * ms, took: 1 * ms, cold: true},  // after
	} {
		w.heard(a)
	}
	got := w.step(40)
	want := Step{Offered: 40, Achieved: 20, P50: 30 * ms, P99: 40 * ms, Calls: 5, Failed: 2, Warm: 1, Failure: "refused"}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// How far a machine gets is nobody's to foretell, so here it is told what holds.
func TestSweepFindsTheKnee(t *testing.T) {
	tried := map[float64]int{}
	s := &Sweep{From: 200, Halvings: 2, Progress: func(step Step) { tried[step.Offered]++ }}
	s.attempt = func(_ context.Context, rate float64, _ time.Duration) Step {
		return Step{Offered: rate, Held: rate <= 340}
	}
	if _, knee := s.Run(t.Context()); knee == nil || knee.Offered != 332.03125 {
		t.Errorf("knee %+v", knee)
	}
	want := map[float64]int{200: 1, 250: 1, 312.5: 1, 390.625: attempts, 351.5625: attempts, 332.03125: 1}
	if !maps.Equal(tried, want) {
		t.Errorf("tried %v, want %v", tried, want)
	}
}

// TestSweepConfirms: what held for a moment only is not the knee.
func TestSweepConfirms(t *testing.T) {
	var begun []float64
	s := &Sweep{
		From: 100, To: 100, WarmUp: time.Second, Window: 4 * time.Second, Confirm: 30 * time.Second,
		Begun: func(rate float64, length time.Duration) { begun = append(begun, rate, length.Seconds()) },
	}
	s.attempt = func(_ context.Context, rate float64, window time.Duration) Step {
		return Step{Offered: rate, Window: window, Held: window < s.Confirm || rate < 93}
	}
	steps, knee := s.Run(t.Context())
	if knee == nil || knee.Offered != 90.25 || knee.Window != s.Confirm || len(steps) != 4 {
		t.Errorf("knee %+v after %d steps", knee, len(steps))
	}
	if want := []float64{100, 5, 100, 31, 95, 31, 90.25, 31}; !slices.Equal(begun, want) {
		t.Errorf("begun %v, want %v", begun, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	begun = nil
	s.attempt = func(_ context.Context, rate float64, _ time.Duration) Step {
		cancel()
		return Step{Offered: rate}
	}
	if steps, knee := s.Run(ctx); knee != nil || len(steps) != 0 || len(begun) != 2 {
		t.Errorf("interrupted: knee %+v after %d steps of %v", knee, len(steps), begun)
	}
	s.attempt = func(_ context.Context, rate float64, window time.Duration) Step {
		return Step{Offered: rate, Held: window < s.Confirm}
	}
	if steps, knee := s.Run(t.Context()); knee != nil || len(steps) != 1+confirmations {
		t.Errorf("knee %+v after %d steps, where none holds", knee, len(steps))
	}
}

func TestColdpathUsesContainersUp(t *testing.T) {
	s := &scheduler{creation: 5 * time.Millisecond}
	var steps []Step
	ctx, cancel := context.WithCancel(t.Context())
	got, err := MeasureColdpath(ctx, ColdpathConfig{
		Scheduler: s.serve(t), Creation: time.Minute, Memory: 1 << 20, Functions: 7, From: 200,
		WarmUp: 20 * time.Millisecond, Window: 100 * time.Millisecond,
		Progress: func(step Step) {
			if steps = append(steps, step); len(steps) == 2 {
				cancel()
			}
		},
	})
	if err != nil || !got.Partial || len(got.Steps) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	first := got.Steps[0]
	if first.Calls != 20 || first.Warm != 0 || first.Failed != 0 || first.P50 < s.creation || first.Offered != 200 {
		t.Errorf("%+v", first)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.granted) > 0 || s.removed != s.calls {
		t.Errorf("%d calls, %d containers used up, %d leases left", s.calls, s.removed, len(s.granted))
	}
}

func TestColdpathCountsFailures(t *testing.T) {
	s := &scheduler{acquire: func(int) error { return errors.New("no room") }}
	got, err := MeasureColdpath(t.Context(), ColdpathConfig{
		Scheduler: s.serve(t), Creation: time.Second, Memory: 1 << 20, From: 100, Halvings: 1,
		WarmUp: time.Millisecond, Window: 50 * time.Millisecond,
	})
	if err != nil || got.Knee != nil || got.Partial {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, step := range got.Steps {
		if step.Held || step.Failed != step.Calls || step.Calls == 0 || !strings.Contains(step.Failure, "no room") {
			t.Errorf("%+v", step)
		}
	}
}

// A scheduler that answers nothing does not hold the bench for longer than its limits say.
func TestOpenLoopGivesUp(t *testing.T) {
	s := &scheduler{creation: time.Hour}
	target, err := dial(s.serve(t))
	if err != nil {
		t.Fatal(err)
	}
	defer target.close()
	heard := make(chan answer, 10)
	loop := openLoop{
		call: acquireOnce(target.callers(3, 1<<20)), rate: 1000, length: time.Hour, limit: 5, drain: 100 * time.Millisecond,
		heard: func(a answer) { heard <- a },
	}
	if !loop.run(t.Context()) {
		t.Error("the loop was not cut")
	}
	if len(heard) != 5 {
		t.Fatalf("%d calls have ended", len(heard))
	}
	for range 5 {
		if a := <-heard; a.err == nil {
			t.Errorf("%+v", a)
		}
	}
}

// What is interrupted has not failed.
func TestOpenLoopInterrupted(t *testing.T) {
	s := &scheduler{creation: time.Hour}
	target, err := dial(s.serve(t))
	if err != nil {
		t.Fatal(err)
	}
	defer target.close()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel) // a deadline would be told to the scheduler
	loop := openLoop{
		call: acquireOnce(target.callers(3, 1<<20)), rate: 100, length: time.Hour, limit: 1000, drain: time.Hour,
		heard: func(a answer) { t.Errorf("%+v", a) },
	}
	if loop.run(ctx) {
		t.Error("the loop was cut")
	}
}

func TestColdpathFaults(t *testing.T) {
	for want, cfg := range map[string]ColdpathConfig{
		"must be given":        {},
		"must not be negative": {Scheduler: "x", Creation: 1, Memory: 1, Window: -1},
	} {
		if _, err := MeasureColdpath(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want one with %q", err, want)
		}
	}
}
