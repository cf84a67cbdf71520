package play

import (
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/minifaas/minifaas/bench/sim"
	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/nodemodel"
)

// Platform is what is short: see docs/simulator.md.
type Platform string

// Platforms.
const (
	Reference Platform = "reference" // nodes, and the CPU and the memory of each
	Memory    Platform = "memory"    // the memory of one node
)

// Setting is a workload on a platform: all that policies are compared on.
type Setting struct {
	// Workload is what trace.Open takes, or Constant. Length cuts it; 0 is all of it.
	Workload string
	Length   time.Duration
	Platform Platform
	// CreateScale is by how much creating a container takes longer than the reference's.
	CreateScale float64
	// MemoryFactor is the memory of the platform Memory's node by the mean busy
	// memory of the workload; 0 is without limit.
	MemoryFactor float64
	// Declared is the concurrency that every function declares, in calls a
	// container; 0 leaves it to the policy.
	Declared int
}

// Constant is a workload that never changes, a day long: five functions, called
// at even intervals with the same work each time.
const Constant = "constant"

//go:embed constant.yaml
var constant string

// scene is a setting's workload with one seed, opened.
type scene struct {
	name     string
	length   time.Duration
	seed     uint64
	workload *trace.Workload
	// busy is the workload's mean busy memory, in bytes.
	busy float64
}

func (s *scene) fits(c Cell) bool {
	return s != nil && s.name == c.Setting.Workload && s.length == c.Setting.Length && s.seed == c.Seed
}

func open(c Cell) (*scene, error) {
	options := trace.Options{Length: c.Setting.Length, Seed: c.Seed}
	w, err := trace.Open(c.Setting.Workload, options)
	if c.Setting.Workload == Constant {
		w, err = openConstant(options)
	}
	if err != nil {
		return nil, err
	}
	return &scene{name: c.Setting.Workload, length: c.Setting.Length, seed: c.Seed, workload: w, busy: sim.BusyMemory(w)}, nil
}

func openConstant(options trace.Options) (*trace.Workload, error) {
	spec, err := trace.ReadSpec(strings.NewReader(constant))
	if err != nil {
		return nil, fmt.Errorf("open workload %s: %w", Constant, err)
	}
	if options.Length != 0 {
		spec.Length = options.Length
	}
	spec.Seed = options.Seed
	return spec.Workload()
}

// platform is new for each simulation.
func (s Setting) platform(sc *scene, seed uint64) (sim.Platform, error) {
	switch s.Platform {
	case Reference:
		return sim.Reference(s.CreateScale), nil
	case Memory:
		p := sim.Memory(sc.workload, int64(s.MemoryFactor*sc.busy), seed)
		create := p.Create
		p.Create = func(function int) nodemodel.Creation {
			creation := create(function)
			creation.Delay = time.Duration(float64(creation.Delay) * s.CreateScale)
			return creation
		}
		return p, nil
	default:
		return sim.Platform{}, fmt.Errorf("platform %q: unknown, there are %s and %s", s.Platform, Reference, Memory)
	}
}
