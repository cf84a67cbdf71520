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
	// Length of the load. Rates are per second and do not depend on it; the
	// functions' phases are fractions of it.
	Length    time.Duration  `yaml:"length"`
	Seed      uint64         `yaml:"seed"`
	Functions []FunctionSpec `yaml:"functions"`
}

// FunctionSpec is one function of a specification file.
type FunctionSpec struct {
	Name     string `yaml:"name"`
	Kind     Kind   `yaml:"kind"`
	Runtime  string `yaml:"runtime"` // native, python3 or nodejs; default native
	MemoryMB int64  `yaml:"memory_mb"`
	// Timeout of one execution, default 60 s.
	Timeout time.Duration `yaml:"timeout"`

	Pattern       Pattern `yaml:"pattern"` // default even
	CallsPerRound Range   `yaml:"calls_per_round"`
	IntervalMS    Range   `yaml:"interval_ms"`
	// Rounds is how many there are: pattern once alone says it.
	Rounds int `yaml:"rounds"`
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
	Even  Pattern = "even"  // an interval after the other
	Ramp  Pattern = "ramp"  // calls per round grow linearly from min to max over the phase
	Burst Pattern = "burst" // rounds at the smallest interval, with pauses of the largest
	Once  Pattern = "once"  // a fixed number of rounds, whatever the length
)

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

// setDefaults fills in what a file may leave out. For each of these 0 itself makes no sense.
func (f *FunctionSpec) setDefaults() {
	if f.Runtime == "" {
		f.Runtime = function.Native
	}
	if f.Timeout == 0 {
		f.Timeout = time.Minute
	}
	if f.Pattern == "" {
		f.Pattern = Even
	}
	if f.EndFrac == 0 {
		f.EndFrac = 1
	}
	if f.UseOwnFrac == 0 {
		f.UseOwnFrac = 1
	}
}
