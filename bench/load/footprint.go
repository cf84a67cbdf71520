package load

import (
	"context"
	"fmt"
	"slices"
)

// Footprint is what a process holds: resident memory in bytes, goroutines, open files.
type Footprint struct{ Memory, Goroutines, Files float64 }

// footprints reads those of a platform's processes, by name.
func footprints(ctx context.Context, url string) (map[string]Footprint, error) {
	m, err := readMetrics(ctx, url)
	if err != nil {
		return nil, err
	}
	all := map[string]Footprint{}
	for _, process := range m.processes("go_goroutines") {
		f := Footprint{m.gauge("process_resident_memory_bytes", process), m.gauge("go_goroutines", process), m.gauge("process_open_fds", process)}
		if f.Memory <= 0 || f.Goroutines <= 0 || f.Files <= 0 {
			return nil, fmt.Errorf("read metrics: %s does not have memory, goroutines and files of the process %q", url, process)
		}
		all[process] = f
	}
	return all, nil
}

// middle is the median of each figure.
func middle(samples []Footprint) Footprint {
	of := func(figure func(Footprint) float64) float64 {
		values := make([]float64, len(samples))
		for i, s := range samples {
			values[i] = figure(s)
		}
		slices.Sort(values)
		return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
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
