package trace

import (
	"errors"
	"fmt"
	"io"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/minifaas/minifaas/internal/function"
)

// Spec is a specification file: functions, each with its own rounds of calls.
// A round is a number of calls of one function at one instant.
type Spec struct {
	Name string `yaml:"name"`
	// About says in one line what the workload is like.
	About string `yaml:"about"`
	// Length of the load. Rates are per second and do not depend on it; the
	// functions' phases are fractions of it.
	Length    time.Duration  `yaml:"length"`
	Seed      uint64         `yaml:"seed"`
	Functions []FunctionSpec `yaml:"functions"`
}

// FunctionSpec is one function of a specification file, or many alike.
type FunctionSpec struct {
	Name string `yaml:"name"`
	// Count makes so many functions of it, name-1 and so on; default one, called name.
	Count    int    `yaml:"count"`
	Account  string `yaml:"account"` // the tenant; default the default account
	Kind     Kind   `yaml:"kind"`
	Runtime  string `yaml:"runtime"` // native, python3 or nodejs; default native
	MemoryMB int64  `yaml:"memory_mb"`
	// Timeout of one execution, default 60 s.
	Timeout time.Duration `yaml:"timeout"`

	Pattern       Pattern `yaml:"pattern"` // default even
	CallsPerRound Range   `yaml:"calls_per_round"`
	IntervalMS    Range   `yaml:"interval_ms"`
	// FirstMS is drawn once: how long after the start of its phase the function's rounds begin.
	FirstMS Range `yaml:"first_ms"`
	// Rounds is how many there are: pattern once alone says it.
	Rounds int `yaml:"rounds"`
	// PeakRatio is the highest rate by the lowest: pattern wave alone says it, default 4.3.
	PeakRatio float64 `yaml:"peak_ratio"`
	// Follows names the function whose every call has a round of this one DelayMS after
	// its end: pattern follow alone says it.
	Follows string `yaml:"follows"`
	DelayMS Range  `yaml:"delay_ms"`
	// StartFrac and EndFrac bound the phase in which the function is called, as fractions of the length.
	StartFrac float64 `yaml:"start_frac"`
	EndFrac   float64 `yaml:"end_frac"` // default 1

	CPUMS   Range `yaml:"cpu_ms"`
	SleepMS Range `yaml:"sleep_ms"`
	// UseMB is the memory that a call is seen to use; UseOwnFrac is the part of
	// it that the call itself adds, the rest being the process's.
	UseMB      Range   `yaml:"use_mb"`
	UseOwnFrac float64 `yaml:"use_own_frac"` // default 1; 0 is the default too
}

// Pattern is how the rounds of a function follow each other.
type Pattern string

// Patterns.
const (
	Even    Pattern = "even"    // an interval after the other
	Timer   Pattern = "timer"   // as even, by the clock: no interval is cut to fit the phase
	Poisson Pattern = "poisson" // at random: intervals are exponential
	Wave    Pattern = "wave"    // at random, at a rate that rises to the middle of the phase and falls again
	Ramp    Pattern = "ramp"    // calls per round grow linearly from min to max over the phase
	Burst   Pattern = "burst"   // rounds at the smallest interval, with pauses of the largest
	Once    Pattern = "once"    // a fixed number of rounds, whatever the length
	Follow  Pattern = "follow"  // after every call of another function
)

// peakRatio is the load's peak by its trough in Sahraei et al., "XFaaS:
// Hyperscale and Low Cost Serverless Functions at Meta", SOSP 2023.
const peakRatio = 4.3

// ReadSpec reads a specification file. Unknown fields are errors, and all
// faults of the file are reported at once.
func ReadSpec(r io.Reader) (*Spec, error) {
	d := yaml.NewDecoder(r)
	d.KnownFields(true)
	var spec Spec
	switch err := d.Decode(&spec); {
	case errors.Is(err, io.EOF):
		return nil, errors.New("read specification: the file is empty")
	case err != nil:
		return nil, fmt.Errorf("read specification: %w", err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("read specification: more than one YAML document")
	}
	for i := range spec.Functions {
		spec.Functions[i].setDefaults()
	}
	if err := spec.Validate(); err != nil {
		return nil, fmt.Errorf("read specification: %w", err)
	}
	return &spec, nil
}

// setDefaults fills in what may be left out. For each of these 0 itself makes no sense.
func (f *FunctionSpec) setDefaults() {
	if f.Count == 0 {
		f.Count = 1
	}
	if f.Runtime == "" {
		f.Runtime = function.Native
	}
	if f.Timeout == 0 {
		f.Timeout = time.Minute
	}
	if f.Pattern == "" {
		f.Pattern = Even
	}
	if f.Pattern == Wave && f.PeakRatio == 0 {
		f.PeakRatio = peakRatio
	}
	if f.EndFrac == 0 {
		f.EndFrac = 1
	}
	if f.UseOwnFrac == 0 {
		f.UseOwnFrac = 1
	}
}

// replicas are the functions that the declarations stand for. A follower with a
// count follows function by function.
func (s *Spec) replicas() []FunctionSpec {
	var all []FunctionSpec
	for _, f := range s.Functions {
		if f.Count == 1 {
			all = append(all, f)
			continue
		}
		width := len(fmt.Sprint(f.Count)) // so that names sort
		for i := range f.Count {
			replica := f
			replica.Name = fmt.Sprintf("%s-%0*d", f.Name, width, i+1)
			if f.Follows != "" {
				replica.Follows = fmt.Sprintf("%s-%0*d", f.Follows, width, i+1)
			}
			all = append(all, replica)
		}
	}
	return all
}
