// Package manifest declares the functions of a workload, so that a platform can
// run them: every function of a workload is one of the load functions under
// another name, since what a call does is in its event. On simulated nodes it
// needs no code at all.
package manifest

import (
	"fmt"
	"io"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/function"
)

// Declaration is a function as a manifest has it.
type Declaration struct {
	Name string `yaml:"name"`
	// Account is the tenant that it belongs to; empty is the default one.
	Account string        `yaml:"account,omitempty"`
	Runtime string        `yaml:"runtime"`
	Handler string        `yaml:"handler,omitempty"`
	Code    string        `yaml:"code,omitempty"`
	Memory  function.Size `yaml:"memory"`
	Timeout time.Duration `yaml:"timeout"`
	// Concurrency is how many invocations may run at once in one container; 0
	// leaves it to the scheduler's policy.
	Concurrency int `yaml:"concurrency,omitempty"`
	// Resident is what a simulated container uses without calls; 0 leaves it to the node.
	Resident function.Size `yaml:"resident,omitempty"`
}

// Sample is the load function of one runtime: where its code is, as seen by the
// node services, and its handler there.
type Sample struct {
	Runtime string
	Handler string
	Code    string
}

// Functions declares the functions of the workload, each with the sample of the
// runtime that the workload hints at. Where there is none the native one stands
// in. The notes tell of that, and of what else was changed; whoever shows
// results of the workload shows them too.
func Functions(w *trace.Workload, samples []Sample) ([]Declaration, []string, error) {
	byRuntime := make(map[string]Sample)
	for _, s := range samples {
		byRuntime[s.Runtime] = s
	}
	var notes []string
	standIns := make(map[string]int)
	declarations := make([]Declaration, 0, len(w.Functions))
	for _, f := range w.Functions {
		sample, ok := byRuntime[f.Runtime]
		if !ok {
			if sample, ok = byRuntime[function.Native]; !ok {
				return nil, nil, fmt.Errorf("declare %s: no load function of runtime %s, nor the native one to stand in", f.Name, f.Runtime)
			}
			standIns[f.Runtime]++
		}
		notes = appendCut(notes, f)
		if f.Memory < function.LeastMemory && !f.Used {
			notes = append(notes, fmt.Sprintf("%s: its memory is %v instead of %v, the least that a function may have",
				f.Name, function.Size(function.LeastMemory), function.Size(f.Memory)))
		}
		declarations = append(declarations, Declaration{
			Name: f.Name, Account: f.Account, Runtime: sample.Runtime, Handler: sample.Handler, Code: sample.Code,
			Memory: function.Size(containerSize(f)), Timeout: min(f.Timeout, function.MaxTimeout),
		})
	}
	for _, runtime := range []string{function.Python3, function.NodeJS} {
		if n := standIns[runtime]; n > 0 {
			notes = append(notes, fmt.Sprintf("%s is not available: native stands in for it in %d of %d functions", runtime, n, len(w.Functions)))
		}
	}
	return declarations, notes, nil
}

// appendCut notes a timeout that is longer than functions may have.
func appendCut(notes []string, f trace.Function) []string {
	if f.Timeout <= function.MaxTimeout {
		return notes
	}
	return append(notes, fmt.Sprintf("%s: its timeout is %v instead of %v, the most that a function may have",
		f.Name, function.MaxTimeout, f.Timeout))
}

const (
	// headroom is for the runtime beside the function.
	headroom = 32 * trace.MiB
	// sizeStep and leastSize are the sizes in which containers are given.
	sizeStep  = 64 * trace.MiB
	leastSize = 128 * trace.MiB
)

// containerSize is the memory, in bytes, of a real container of the function:
// what it used is not enough for it.
func containerSize(f trace.Function) int64 {
	if !f.Used {
		return max(f.Memory, function.LeastMemory)
	}
	return max(leastSize, (f.Memory+headroom+sizeStep-1)/sizeStep*sizeStep)
}

// Write writes the manifest of the declarations.
func Write(w io.Writer, declarations []Declaration) error {
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	err := encoder.Encode(struct {
		Functions []Declaration `yaml:"functions"`
	}{declarations})
	if err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	return encoder.Close()
}
