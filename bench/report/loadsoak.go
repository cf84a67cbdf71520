package report

import (
	"fmt"
	"time"

	"github.com/minifaas/minifaas/bench/load"
)

// writeSoak adds what the platform's processes held under a long load.
func writeSoak(p *page, s *load.Soak) {
	t := &table{}
	t.add("soak", "before", "after", "growth")
	for _, s := range s.Services {
		t.add(s.Name+" memory, MiB", digits(s.Before.Memory/(1<<20)), digits(s.After.Memory/(1<<20)), percent(s.Growth.Memory))
		t.add(s.Name+" goroutines", count(int(s.Before.Goroutines)), count(int(s.After.Goroutines)), percent(s.Growth.Goroutines))
		t.add(s.Name+" open files", count(int(s.Before.Files)), count(int(s.After.Files)), percent(s.Growth.Files))
	}
	p.printf("\n")
	p.table(t)
	p.printf("\nmedians of the first and of the last quarter, after the scheduler had settled\n")
	p.printf("%v at %s creations/s, %s achieved: p99 %s, %s of %s calls failed\n", s.Length.Round(time.Second),
		count(int(s.Load.Offered)), count(int(s.Load.Achieved)), human(s.Load.P99), count(s.Load.Failed), count(s.Load.Calls))
	if s.Partial {
		p.printf("note: partial: the soak was interrupted\n")
	}
}

func percent(share float64) string { return fmt.Sprintf("%+.1f %%", 100*share) }

type soak struct {
	OfferedPerS   float64         `json:"offered_per_s"`
	AchievedPerS  float64         `json:"achieved_per_s"`
	Seconds       float64         `json:"seconds"`
	AcquireP99MS  float64         `json:"acquire_p99_ms"`
	Calls         int             `json:"calls"` // after the scheduler had settled
	Failures      int             `json:"failures"`
	soakedFigures                 // of the scheduler
	Services      []soakedService `json:"services"`
	Sound         bool            `json:"sound"` // nothing of any service grew by more than 2 %
	Partial       bool            `json:"partial"`
}

type soakedService struct {
	Name string `json:"name"`
	soakedFigures
}

// soakedFigures are at the end of the soak, and from its beginning to there.
type soakedFigures struct {
	MemoryGrowth    float64 `json:"memory_growth"`
	GoroutineGrowth float64 `json:"goroutine_growth"`
	OpenFileGrowth  float64 `json:"open_file_growth"`
	MemoryBytes     float64 `json:"memory_bytes"`
	Goroutines      float64 `json:"goroutines"`
	OpenFiles       float64 `json:"open_files"`
}

func newSoak(s *load.Soak) *soak {
	if s == nil {
		return nil
	}
	out := &soak{
		OfferedPerS: s.Load.Offered, AchievedPerS: s.Load.Achieved, Seconds: s.Length.Seconds(),
		AcquireP99MS: in(time.Millisecond, s.Load.P99), Calls: s.Load.Calls, Failures: s.Load.Failed,
		Services: []soakedService{}, Sound: s.Sound(), Partial: s.Partial,
	}
	for _, service := range s.Services {
		of := soakedFigures{
			MemoryGrowth: service.Growth.Memory, GoroutineGrowth: service.Growth.Goroutines, OpenFileGrowth: service.Growth.Files,
			MemoryBytes: service.After.Memory, Goroutines: service.After.Goroutines, OpenFiles: service.After.Files,
		}
		if service.Name == "scheduler" {
			out.soakedFigures = of
		}
		out.Services = append(out.Services, soakedService{service.Name, of})
	}
	return out
}
