package report

import (
	"fmt"
	"io"
	"time"

	"github.com/minifaas/minifaas/bench/load"
)

// ColdpathSetting is what a sweep of creations was made with.
type ColdpathSetting struct {
	Policy    string  `json:"policy,omitempty"` // empty: the scheduler was there before
	Nodes     int     `json:"nodes,omitempty"`
	CreateMS  float64 `json:"create_ms"`
	Functions int     `json:"functions"`
	MemoryMB  int64   `json:"memory_mb"` // of a container
	Cores     int     `json:"cores"`     // of this machine, for all of it
}

// Coldpath writes a sweep of creations to the knee, and the soak after it, if
// there was one.
func Coldpath(w io.Writer, format Format, setting ColdpathSetting, r *load.Coldpath, soak *load.Soak) error {
	if format == JSON {
		return writeJSON(w, newColdpath(setting, r, soak))
	}
	t := &table{groups: []group{{"creations/s", 2}, {"Acquire", 2}, {"calls", 3}, {"", 1}, {"", 1}}}
	t.add("offered", "achieved", "p50", "p99", "due", "failed", "warm", "for", "")
	for _, s := range r.Steps {
		verdict := "held"
		switch {
		case s.Cut:
			verdict = "overrun"
		case !s.Held:
			verdict = "not held"
		}
		t.add(count(int(s.Offered)), count(int(s.Achieved)), human(s.P50), human(s.P99), count(s.Calls), count(s.Failed), count(s.Warm), human(s.Window), verdict)
	}
	p := &page{w: w}
	if len(r.Steps) > 0 {
		p.table(t)
		p.printf("\n")
	}
	p.printf("%s\n", setting)
	if r.Nodes > 0 {
		p.printf("nodes held at the end: %s\n", count(r.Nodes))
	}
	switch k := r.Knee; {
	case k != nil:
		p.printf("the knee: %s creations/s, Acquire p99 %s, held for %v\n", count(int(k.Achieved)), human(k.P99), k.Window.Round(time.Millisecond))
	case r.Partial:
		p.printf("the knee: not known: the sweep was interrupted before any rate had been held for as long as it had to\n")
	default:
		p.printf("the knee: below all of these: none held for as long as it had to\n")
	}
	for _, s := range r.Steps {
		if s.Failure != "" {
			p.printf("note: the first failed call, at %s/s: %s\n", count(int(s.Offered)), s.Failure)
			break
		}
	}
	if r.Partial && r.Knee != nil {
		p.printf("note: partial: the sweep was interrupted\n")
	}
	if soak != nil {
		writeSoak(p, soak)
	}
	return p.done()
}

// String tells the setting in one line.
func (s ColdpathSetting) String() string {
	text := fmt.Sprintf("%s of %d MiB in turns, each container used once and removed", plural(s.Functions, "function"), s.MemoryMB)
	if s.Nodes > 0 {
		text += fmt.Sprintf("; policy %s, %s, creation fixed at %v ms", s.Policy, plural(s.Nodes, "simulated node"), s.CreateMS)
	}
	return text + "; everything on " + plural(s.Cores, "core")
}

type coldpath struct {
	KneeCreationsPerS  float64         `json:"knee_creations_per_s"` // 0: none held
	AcquireP99MSAtKnee float64         `json:"acquire_p99_ms_at_knee"`
	KneeSeconds        float64         `json:"knee_seconds"` // for how long it was held
	Points             []coldpathPoint `json:"points"`
	ColdpathSetting
	NodesHeld int   `json:"nodes_held"` // at the end; 0: not known
	Partial   bool  `json:"partial"`
	Soak      *soak `json:"soak,omitempty"`
}

type coldpathPoint struct {
	OfferedPerS  float64 `json:"offered_per_s"`
	AchievedPerS float64 `json:"achieved_per_s"`
	AcquireP50MS float64 `json:"acquire_p50_ms"`
	AcquireP99MS float64 `json:"acquire_p99_ms"`
	Seconds      float64 `json:"seconds"`
	Calls        int     `json:"calls"`
	Failures     int     `json:"failures"`
	Warm         int     `json:"warm"`
	Failure      string  `json:"failure,omitempty"` // the first one
	Overrun      bool    `json:"overrun"`
	Held         bool    `json:"held"`
}

func newColdpath(setting ColdpathSetting, r *load.Coldpath, soak *load.Soak) coldpath {
	c := coldpath{Points: []coldpathPoint{}, ColdpathSetting: setting, NodesHeld: r.Nodes, Partial: r.Partial, Soak: newSoak(soak)}
	if k := r.Knee; k != nil {
		c.KneeCreationsPerS, c.AcquireP99MSAtKnee, c.KneeSeconds = k.Achieved, in(time.Millisecond, k.P99), k.Window.Seconds()
	}
	for _, s := range r.Steps {
		c.Points = append(c.Points, coldpathPoint{
			OfferedPerS: s.Offered, AchievedPerS: s.Achieved,
			AcquireP50MS: in(time.Millisecond, s.P50), AcquireP99MS: in(time.Millisecond, s.P99), Seconds: s.Window.Seconds(),
			Calls: s.Calls, Failures: s.Failed, Warm: s.Warm, Failure: s.Failure, Overrun: s.Cut, Held: s.Held,
		})
	}
	return c
}
