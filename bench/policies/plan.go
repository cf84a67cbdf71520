package policies

import (
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/minifaas/minifaas/bench/policies/play"
	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// Options of a plan.
type Options struct {
	// Traces is a folder with the event files of the Azure Functions trace; empty for none.
	Traces string
	// Policies are compared with adaptive and baseline; nil is all of them.
	Policies []string
	// Seeds is how many there are at most; 0 is as many as planned. Length cuts
	// every workload; 0 is all of it. Both are to try things out.
	Seeds  int
	Length time.Duration
}

// Plan is what is played.
type Plan struct {
	// policies are in the order of the suite, the oracle last.
	policies []string
	// contest is the 300 s slice, the full run and the slow creations.
	contest, builtins []play.Setting
	memory            []memoryGroup
	// ablated are the settings in which adaptive plays without each of its parts.
	ablated  []play.Setting
	constant play.Setting

	seeds  map[string]int // by workload
	length time.Duration
}

// memoryGroup is a workload on the platform memory with nodes of all sizes.
type memoryGroup struct {
	// Title is what the page calls the workload, ID what it calls its plot.
	Title, ID string
	// shared: calls may share a container. Otherwise every function declares one call.
	shared   bool
	settings []play.Setting
	// swept: the exchange rate is swept, too.
	swept bool
}

const (
	// allSeeds are played unless a workload is too long for that.
	allSeeds = 10
	slice    = 300 * time.Second
	// slowCreation is the contest's hard case.
	slowCreation = 6
	azureLike    = "azure-like"
	// azureLikeMemory has a quarter of azure-like's functions and calls, for it is
	// played most often: that leaves time for all seeds.
	azureLikeMemory = azureLike + ":75"
)

// memoryFactors are the sizes of the node by the mean busy memory; 0 is without limit.
var memoryFactors = []float64{1.2, 2, 4, 0}

// traces are event files that are looked for, with the seeds that there is time for.
var traces = []struct {
	title, id, file string
	seeds           int
}{
	{"Azure 2019, small", "azure-2019-small", "small.csv", 10},
	{"Azure 2019, medium", "azure-2019-medium", "medium.csv.gz", 5},
	{"Azure 2019, large", "azure-2019-large", "large.csv.gz", 1},
}

// NewPlan is the whole plan, as far as the options go.
func NewPlan(o Options) (*Plan, error) {
	p := &Plan{seeds: map[string]int{azureLike: 3, play.Constant: 1}, length: o.Length}
	p.policies = slices.DeleteFunc(slices.Clone(policy.Names), func(name string) bool {
		return o.Policies != nil && name != play.Adaptive && name != play.Baseline && !slices.Contains(o.Policies, name)
	})
	p.policies = append(p.policies, play.Oracle)
	contest := func(length time.Duration, scale float64) play.Setting {
		return p.cut(play.Setting{Workload: trace.Contest2020, Length: length, Platform: play.Reference, CreateScale: scale})
	}
	p.contest = []play.Setting{contest(slice, 1), contest(0, 1), contest(slice, slowCreation)}
	for _, name := range trace.Names() {
		if name != trace.Contest2020 {
			p.builtins = append(p.builtins, p.cut(play.Setting{Workload: name, Platform: play.Reference, CreateScale: 1}))
		}
	}
	p.addMemory("azure-like", azureLike, azureLikeMemory, true)
	for _, t := range traces {
		path, found, err := findTrace(o.Traces, t.file)
		if err != nil {
			return nil, err
		}
		if found {
			p.seeds[path] = t.seeds
			p.addMemory(t.title, t.id, path, t.seeds > 1)
		}
	}
	p.ablated = []play.Setting{p.contest[0]}
	for _, g := range p.memory[:2] {
		p.ablated = append(p.ablated, g.settings[1])
	}
	p.constant = p.cut(play.Setting{Workload: play.Constant, Platform: play.Reference, CreateScale: 1})
	if o.Seeds > 0 {
		for _, c := range p.Cells() {
			w := c.Setting.Workload
			p.seeds[w] = min(p.seedsOf(c.Setting), o.Seeds)
		}
	}
	return p, nil
}

// findTrace looks in the folder, and below it where the trace's files have a folder of their own.
func findTrace(folder, file string) (path string, found bool, err error) {
	if folder == "" {
		return "", false, nil
	}
	if _, err := os.Stat(folder); err != nil {
		return "", false, err
	}
	for _, path := range []string{filepath.Join(folder, file), filepath.Join(folder, "azure-2019", file)} {
		if _, err := os.Stat(path); err == nil {
			return path, true, nil
		}
	}
	return "", false, nil
}

func (p *Plan) addMemory(title, id, workload string, swept bool) {
	for _, declared := range []int{1, 0} {
		g := memoryGroup{Title: title, ID: id, shared: declared == 0, swept: swept}
		for _, factor := range memoryFactors {
			g.settings = append(g.settings, p.cut(play.Setting{
				Workload: workload, Platform: play.Memory, CreateScale: 1, MemoryFactor: factor, Declared: declared,
			}))
		}
		p.memory = append(p.memory, g)
	}
}

// cut sets the length that all workloads are cut to, if there is one.
func (p *Plan) cut(s play.Setting) play.Setting {
	if p.length > 0 && (s.Length == 0 || s.Length > p.length) {
		s.Length = p.length
	}
	return s
}

func (p *Plan) seedsOf(s play.Setting) int {
	if n, ok := p.seeds[s.Workload]; ok {
		return n
	}
	return allSeeds
}

// Cells are all that is played, seed by seed, so that an interrupted run has some of everything.
func (p *Plan) Cells() []play.Cell {
	var cells []play.Cell
	for seed := 1; seed <= allSeeds; seed++ {
		add := func(s play.Setting, entrants []play.Entrant) {
			if seed > p.seedsOf(s) {
				return
			}
			for _, e := range entrants {
				cells = append(cells, play.Cell{Setting: s, Entrant: e, Seed: uint64(seed)})
			}
		}
		for _, s := range slices.Concat(p.contest, p.builtins) {
			add(s, p.entrants(s))
		}
		for _, g := range p.memory {
			for _, s := range g.settings {
				add(s, p.entrants(s))
				if g.swept {
					add(s, sweep())
				}
			}
		}
		for _, s := range p.ablated {
			add(s, ablations())
		}
		add(p.constant, p.entrants(p.constant))
	}
	return cells
}

// entrants are the policies that a setting tells apart. The oracle plans memory and no CPU.
func (p *Plan) entrants(s play.Setting) []play.Entrant {
	var all []play.Entrant
	for _, name := range p.policies {
		if s.Twin(name) == name && (name != play.Oracle || s.Platform == play.Memory) {
			all = append(all, play.Entrant{Policy: name})
		}
	}
	return all
}

// settings are all in which policies are compared, in the order of the page.
func (p *Plan) settings() []play.Setting {
	all := slices.Concat(p.contest, p.builtins)
	for _, g := range p.memory {
		all = append(all, g.settings...)
	}
	return all
}
