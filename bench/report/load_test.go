package report

import (
	"bytes"
	"testing"
	"time"

	"github.com/minifaas/minifaas/bench/load"
)

func TestGoldenLoad(t *testing.T) {
	figures := func(pairs float64, p50, p99 time.Duration) load.Figures {
		return load.Figures{PairsPerSecond: pairs, P50: p50, P99: p99}
	}
	hotpath := &load.Hotpath{Rounds: 3, GC: 400, EchoGC: 400, Partial: true, Points: []load.HotpathPoint{
		{Callers: 1, Scheduler: figures(3000, 320*time.Microsecond, ms), Echo: figures(3100, 310*time.Microsecond, 900*time.Microsecond), Ratio: 0.97, P99Ratio: 1.1},
		{Callers: 64, Scheduler: figures(12345, 5*ms, 12*ms), Echo: figures(13000, 5*ms, 10*ms), Ratio: 0.95, P99Ratio: 1.2, Cold: 7,
			Session: &load.SessionFigures{Figures: figures(99049, 509*time.Microsecond, 2590*time.Microsecond), Ratio: 7.99, P99Ratio: 0.14}},
	}}
	knee := load.Step{Offered: 625, Achieved: 624.5, Window: 30 * time.Second, P50: 102 * ms, P99: 140 * ms, Calls: 2500, Failed: 1, Warm: 2, Failure: "no room", Held: true}
	coldpath := &load.Coldpath{Nodes: 12, Knee: &knee, Steps: []load.Step{
		{Offered: 500, Achieved: 500, Window: 4 * time.Second, P50: 101 * ms, P99: 110 * ms, Calls: 2000, Held: true}, knee,
		{Offered: 781.25, Achieved: 700, Window: 4 * time.Second, P50: 150 * ms, P99: 300 * ms, Calls: 3125},
		{Offered: 781.25, Cut: true, Window: 4 * time.Second, P50: time.Second, P99: 2 * time.Second, Calls: 1600},
	}}
	soak := &load.Soak{
		Load: load.Step{Offered: 437.5, Achieved: 437.4, P99: 120 * ms, Calls: 210000, Failed: 3},
		Services: []load.SoakedService{
			{
				Name: "resourcemanager", Before: load.Footprint{Memory: 200 << 20, Goroutines: 9000, Files: 1600},
				After: load.Footprint{Memory: 200 << 20, Goroutines: 9450, Files: 1600}, Growth: load.Footprint{Goroutines: 0.05},
			},
			{
				Name: "scheduler", Before: load.Footprint{Memory: 90 << 20, Goroutines: 400, Files: 60},
				After: load.Footprint{Memory: 91 << 20, Goroutines: 396, Files: 60}, Growth: load.Footprint{Memory: 1.0 / 90, Goroutines: -0.01},
			},
		},
		Length: 10 * time.Minute,
	}
	setting := ColdpathSetting{Policy: "ttl-60", Nodes: 500, CreateMS: 100, Functions: 1000, MemoryMB: 128, Cores: 2}
	scale := &load.Scale{IdleFunction: 1285, Points: []load.ScalePoint{
		{Size: load.Size{Functions: 1000, Nodes: 500, Containers: 10000}, Warm: 2440, Cold: 7810, Memory: 866},
	}}
	for name, write := range map[string]func(*bytes.Buffer, Format) error{
		"hotpath":  func(b *bytes.Buffer, f Format) error { return Hotpath(b, f, hotpath) },
		"coldpath": func(b *bytes.Buffer, f Format) error { return Coldpath(b, f, setting, coldpath, soak) },
		"coldpath-low": func(b *bytes.Buffer, f Format) error {
			return Coldpath(b, f, setting, &load.Coldpath{Partial: true}, nil)
		},
		"scale": func(b *bytes.Buffer, f Format) error { return Scale(b, f, "adaptive", scale) },
	} {
		for format, ext := range map[Format]string{Table: ".txt", JSON: ".json"} {
			t.Run(name+ext, func(t *testing.T) {
				var got bytes.Buffer
				if err := write(&got, format); err != nil {
					t.Fatal(err)
				}
				golden(t, name+ext, got.String())
			})
		}
	}
}
