package load

import (
	"context"
	"testing"

	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/policy"
)

func TestScale(t *testing.T) {
	for _, name := range []string{"adaptive", "baseline", "ttl-60"} {
		shown := 0
		cfg := ScaleConfig{
			Policy:  func() (engine.Policy, error) { return policy.New(name) },
			Sizes:   []Size{{Functions: 1, Nodes: 1, Containers: 10}, {Functions: 30, Nodes: 7, Containers: 100}},
			Repeats: 1, Idle: 100,
			Progress: func(done, total int) {
				if shown++; done != shown || total != 2 {
					t.Errorf("%d of %d", done, total)
				}
			},
		}
		got, err := MeasureScale(t.Context(), cfg)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(got.Points) != 2 || shown != 2 || got.Partial {
			t.Fatalf("%s: %+v", name, got)
		}
		for i, p := range got.Points {
			if p.Size != cfg.Sizes[i] || p.Warm <= 0 || p.Cold <= 0 {
				t.Errorf("%s: %+v", name, p)
			}
		}
	}
}

func TestScaleInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cfg := ScaleConfig{
		Policy:   func() (engine.Policy, error) { return policy.New("ttl-60") },
		Sizes:    []Size{{1, 1, 10}, {1, 1, 10}},
		Repeats:  1,
		Progress: func(int, int) { cancel() },
	}
	got, err := MeasureScale(ctx, cfg)
	if err != nil || !got.Partial || len(got.Points) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}
