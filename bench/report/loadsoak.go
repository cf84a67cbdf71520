package report

import (
	"fmt"
	"time"

	"github.com/minifaas/minifaas/bench/load"
)

// writeSoak adds what a scheduler's process held under a long load.
func writeSoak(p *page, s *load.Soak) {
	t := &table{}
	t.add("soak", "before", "after", "growth")
	t.add("memory, MiB", digits(s.Before.Memory/(1<<20)), digits(s.After.Memory/(1<<20)), percent(s.Growth.Memory))
	t.add("goroutines", count(int(s.Before.Goroutines)), count(int(s.After.Goroutines)), percent(s.Growth.Goroutines))
	t.add("open files", count(int(s.Before.Files)), count(int(s.After.Files)), percent(s.Growth.Files))
	p.printf("\n")
	p.table(t)
	p.printf("\n%v at %s creations/s, %s achieved: p99 %s, %s of %s calls failed\n", s.Length.Round(time.Second),
		count(int(s.Load.Offered)), count(int(s.Load.Achieved)), human(s.Load.P99), count(s.Load.Failed), count(s.Load.Calls))
	if s.Partial {
		p.printf("note: partial: the soak was interrupted\n")
	}
}

func percent(share float64) string { return fmt.Sprintf("%+.1f %%", 100*share) }

type soak struct {
	OfferedPerS     float64 `json:"offered_per_s"`
	AchievedPerS    float64 `json:"achieved_per_s"`
	Seconds         float64 `json:"seconds"`
	AcquireP99MS    float64 `json:"acquire_p99_ms"`
	Calls           int     `json:"calls"` // after the scheduler had settled
	Failures        int     `json:"failures"`
	MemoryGrowth    float64 `json:"memory_growth"`
	GoroutineGrowth float64 `json:"goroutine_growth"`
	OpenFileGrowth  float64 `json:"open_file_growth"`
	MemoryBytes     float64 `json:"memory_bytes"` // at the end, as the two below
	Goroutines      float64 `json:"goroutines"`
	OpenFiles       float64 `json:"open_files"`
	Sound           bool    `json:"sound"` // nothing grew by more than 2 %
	Partial         bool    `json:"partial"`
}

func newSoak(s *load.Soak) *soak {
	if s == nil {
		return nil
	}
	return &soak{
		OfferedPerS: s.Load.Offered, AchievedPerS: s.Load.Achieved, Seconds: s.Length.Seconds(),
		AcquireP99MS: in(time.Millisecond, s.Load.P99), Calls: s.Load.Calls, Failures: s.Load.Failed,
		MemoryGrowth: s.Growth.Memory, GoroutineGrowth: s.Growth.Goroutines, OpenFileGrowth: s.Growth.Files,
		MemoryBytes: s.After.Memory, Goroutines: s.After.Goroutines, OpenFiles: s.After.Files,
		Sound: s.Sound(), Partial: s.Partial,
	}
}
