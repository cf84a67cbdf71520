package load

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Footprint is what a process holds: resident memory in bytes, goroutines, open files.
type Footprint struct{ Memory, Goroutines, Files float64 }

// footprint reads that of one process from a platform's /metrics.
func footprint(ctx context.Context, url, process string) (Footprint, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return Footprint{}, fmt.Errorf("read metrics: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return Footprint{}, fmt.Errorf("read metrics: %w", err)
	}
	defer response.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		return Footprint{}, fmt.Errorf("read metrics: %w", err)
	}
	gauge := func(name string) float64 {
		for _, metric := range families[name].GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "process" && label.GetValue() == process {
					return metric.GetGauge().GetValue()
				}
			}
		}
		return 0
	}
	f := Footprint{gauge("process_resident_memory_bytes"), gauge("go_goroutines"), gauge("process_open_fds")}
	if f.Memory <= 0 || f.Goroutines <= 0 || f.Files <= 0 {
		return Footprint{}, fmt.Errorf("read metrics: %s does not have memory, goroutines and files of the process %q", url, process)
	}
	return f, nil
}

// floor is what each figure comes back to: its lowest decile. Bursts of calls in
// flight raise it for a while, what is never given back raises it for good.
func floor(samples []Footprint) Footprint {
	of := func(figure func(Footprint) float64) float64 {
		values := make([]float64, len(samples))
		for i, s := range samples {
			values[i] = figure(s)
		}
		slices.Sort(values)
		return values[len(values)/10]
	}
	return Footprint{
		Memory:     of(func(f Footprint) float64 { return f.Memory }),
		Goroutines: of(func(f Footprint) float64 { return f.Goroutines }),
		Files:      of(func(f Footprint) float64 { return f.Files }),
	}
}

// growth is by which share of before each figure is higher; negative where it is lower.
func growth(before, after Footprint) Footprint {
	return Footprint{
		Memory:     after.Memory/before.Memory - 1,
		Goroutines: after.Goroutines/before.Goroutines - 1,
		Files:      after.Files/before.Files - 1,
	}
}
