package report

import (
	"bytes"
	"testing"
	"time"

	"github.com/minifaas/minifaas/bench/cold"
	"github.com/minifaas/minifaas/bench/load"
)

func TestGoldenCold(t *testing.T) {
	starts := &cold.Result{Partial: true, Subjects: []cold.Measured{
		{
			Subject: cold.Subject{Name: cold.Native, BareName: "the same program"},
			Cold:    cold.Times{4 * ms, 5 * ms, 9 * ms}, Bare: cold.Times{2 * ms, 2 * ms, 3 * ms}, Pooled: 2,
			Phases: cold.Phases{Wait: time.Microsecond, Take: 6 * time.Microsecond, Mount: ms / 5, Limit: ms / 10, Import: 3 * ms, FirstCall: ms, Rest: ms / 2},
			Failed: 1, Failure: "create container: no room",
		},
		{Subject: cold.Subject{Name: cold.Wasm, BareName: "static, by gcc"}},
	}}
	whole := &cold.Whole{
		Container: cold.Times{5 * ms}, Warm: cold.Times{ms}, Cold: cold.Times{7 * ms},
		Phases: cold.Phases{Decide: 60 * time.Microsecond, Import: 3 * ms, FirstCall: ms, Rest: 2 * ms},
	}
	step := func(offered, achieved float64, p99 time.Duration, held bool) load.Step {
		return load.Step{Offered: offered, Achieved: achieved, P50: 5 * ms, P99: p99, Calls: int(4 * offered), Held: held}
	}
	knee, steady, overload := step(120, 119.5, 90*ms, true), step(84, 84, 20*ms, true), step(240, 115, 2*time.Second, false)
	overload.Failed, overload.Failure = 2, "create container: no room"
	rates := []*cold.Rate{
		{
			Subject: cold.Subject{Name: cold.Native}, Closed: 130, Steps: []load.Step{knee}, Knee: &knee, Steady: &steady, Overload: &overload,
			Bursts: cold.Times{80 * ms, 85 * ms, 99 * ms}, Runc: 30, RuncRatio: 4.2,
		},
		{Subject: cold.Subject{Name: cold.Wasm}, Closed: 100, Partial: true},
	}
	notes := []string{"2 nodes are nominal"}
	for name, write := range map[string]func(*bytes.Buffer, Format) error{
		"cold":      func(b *bytes.Buffer, f Format) error { return Cold(b, f, starts, whole, notes) },
		"cold-rate": func(b *bytes.Buffer, f Format) error { return ColdRates(b, f, rates, notes) },
	} {
		for format, ext := range map[Format]string{Table: ".txt", JSON: ".json"} {
			t.Run(name+ext, func(t *testing.T) {
				var b bytes.Buffer
				if err := write(&b, format); err != nil {
					t.Fatal(err)
				}
				golden(t, name+ext, b.String())
			})
		}
	}
}
