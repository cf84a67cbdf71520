package cold

import (
	"context"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minifaas/minifaas/bench/load"
)

// TestMeasureRate: a node that starts one container in 10 ms has its knee at 100/s.
func TestMeasureRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node := &fakeNode{turns: make(chan struct{}, 1), takes: 10 * time.Millisecond}
		var told []string
		got, err := MeasureRate(t.Context(), RateConfig{
			Node: node, Subject: Subject{Name: Native}, Progress: func(what string, _ load.Step) { told = append(told, what) },
		})
		if err != nil {
			t.Fatal(err)
		}
		if got.Partial || math.Round(got.Closed) != 100 || got.RuncRatio != 0 || len(got.Bursts) != bursts || got.Bursts.P50() != BurstSize*node.takes {
			t.Errorf("%+v", got)
		}
		if got.Knee == nil || got.Knee.Achieved < 90 || got.Knee.Achieved > 100 {
			t.Fatalf("knee %+v, want it just below 100/s", got.Knee)
		}
		if s := got.Steady; s == nil || s.P99 != node.takes || !s.Held {
			t.Errorf("at 70 %% %+v", s)
		}
		if o := got.Overload; o == nil || o.Offered != 2*got.Knee.Offered || o.Held || got.Kept() < 0.95 {
			t.Errorf("at twice the knee %+v, kept %v", o, got.Kept())
		}
		for _, want := range []string{"closed loop", "open loop", "2 × the knee", "bursts of 32"} {
			if !slices.Contains(told, want) {
				t.Errorf("nothing was told of %s", want)
			}
		}
		if len(node.functions) != RateFunctions {
			t.Errorf("%d functions were started, want %d", len(node.functions), RateFunctions)
		}
		node.wantEmpty(t)
	})
}

func TestMeasureRateInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node := &fakeNode{turns: make(chan struct{}, 1), takes: 10 * time.Millisecond}
		ctx, cancel := context.WithCancel(t.Context())
		got, err := MeasureRate(ctx, RateConfig{
			Node: node, Subject: Subject{Name: Native}, Progress: func(string, load.Step) { cancel() },
		})
		if err != nil || !got.Partial || math.Round(got.Closed) != 100 || got.Knee != nil {
			t.Errorf("%+v, %v", got, err)
		}
		node.wantEmpty(t)
	})
}

// TestRunc starts the sample hello in a container of runc, and leaves nothing of it.
func TestRunc(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can run containers of runc")
	}
	if _, err := exec.LookPath("runc"); err != nil {
		t.Skip(HowToGetRunc)
	}
	folder := t.TempDir()
	hello := filepath.Join(folder, "hello")
	build := exec.Command("go", "build", "-o", hello, "../functions/hello")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r, err := NewRunc(t.Context(), hello, filepath.Join(folder, "runc"))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.once(t.Context()); err != nil {
		t.Skipf("runc can't run containers here: %v", err)
	}
	if left, err := os.ReadDir(filepath.Join(folder, "runc", "state")); err != nil || len(left) != 0 {
		t.Errorf("containers are left: %v, %v", left, err)
	}
}
