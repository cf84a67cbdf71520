package cold

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

func TestMeasure(t *testing.T) { synctest.Test(t, testMeasure) }

func testMeasure(t *testing.T) {
	const starts = 10
	node := &fakeNode{
		phases: &nodeservicepb.CreationPhases{TakeNanos: 1, ImportNanos: 3, Pooled: true},
		// Of the two subjects' starts one fails in the warm-up, and one after it.
		fail: func(made int) error {
			if made == 1 || made == 2*warmUp+3 {
				return errBroken
			}
			return nil
		},
	}
	rounds := 0
	got, err := Measure(t.Context(), Config{
		Node: node, Subjects: []Subject{{Name: Native, Bare: bare}, {Name: Wasm, Bare: bare}}, Starts: starts,
		Progress: func(done, total int) {
			if rounds++; done != rounds || total != warmUp+starts {
				t.Errorf("round %d of %d, want %d of %d", done, total, rounds, warmUp+starts)
			}
		},
	})
	if err != nil || got.Partial || len(got.Subjects) != 2 || rounds != warmUp+starts {
		t.Fatalf("%+v, %v, after %d rounds", got, err, rounds)
	}
	for i, want := range []struct{ cold, failed int }{{starts - 1, 1}, {starts, 0}} {
		m := got.Subjects[i]
		if len(m.Cold) != want.cold || m.Pooled != want.cold || len(m.Bare) != starts || m.Failed != want.failed || m.Phases.Take != 1 || m.Phases.Import != 3 {
			t.Errorf("%+v, want %d cold starts and %d failed", m, want.cold, want.failed)
		}
	}
	if !strings.Contains(got.Subjects[0].Failure, "broken") {
		t.Errorf("failure %q", got.Subjects[0].Failure)
	}
	node.wantEmpty(t)
}

// TestMeasureInterrupted: what there is is reported, and nothing is left.
func TestMeasureInterrupted(t *testing.T) { synctest.Test(t, testMeasureInterrupted) }

func testMeasureInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	node := &fakeNode{}
	got, err := Measure(ctx, Config{Node: node, Subjects: []Subject{{Name: Native, Bare: bare}}, Progress: func(done, _ int) {
		if done == warmUp+3 {
			cancel()
		}
	}})
	if err != nil || !got.Partial || len(got.Subjects[0].Cold) != 3 {
		t.Errorf("%+v, %v, want three starts", got, err)
	}
	node.wantEmpty(t)
}

// TestMeasureBareFails: there is nothing to compare with then.
func TestMeasureBareFails(t *testing.T) { synctest.Test(t, testMeasureBareFails) }

func testMeasureBareFails(t *testing.T) {
	node := &fakeNode{}
	broken := func(context.Context) (func() error, error) { return nil, errBroken }
	if _, err := Measure(t.Context(), Config{Node: node, Subjects: []Subject{{Name: Native, Bare: broken}}}); !errors.Is(err, errBroken) {
		t.Errorf("%v, want %v", err, errBroken)
	}
	node.wantEmpty(t)
}

func TestTimes(t *testing.T) {
	times := newTimes([]time.Duration{5, 1, 4, 2, 3})
	if times.P50() != 3 || times.P99() != 5 || times.Most() != 5 {
		t.Errorf("p50 %d, p99 %d, most %d", times.P50(), times.P99(), times.Most())
	}
	if none := newTimes(nil); none.P50() != 0 || none.P99() != 0 || none.Most() != 0 {
		t.Errorf("of none: %v", none)
	}
}

func TestPhasesAddUp(t *testing.T) {
	s := start{
		took: 100, decide: 1, firstCall: 10,
		phases: &nodeservicepb.CreationPhases{WaitNanos: 2, TakeNanos: 3, MountNanos: 4, LimitNanos: 5, ImportNanos: 6},
	}
	want := Phases{Decide: 1, Wait: 2, Take: 3, Mount: 4, Limit: 5, Import: 6, FirstCall: 10, Rest: 69}
	if got := medians([]start{s}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
