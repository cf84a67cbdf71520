package manifest

import (
	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/nodemodel"
)

// Simulated declares the functions of the workload for simulated nodes: without
// code, and with the very memory that the workload has, as the simulator plays
// them. The notes tell what was changed; whoever shows results of the workload
// shows them too.
func Simulated(w *trace.Workload) (declarations []Declaration, notes []string) {
	for _, f := range w.Functions {
		notes = appendCut(notes, f)
		declarations = append(declarations, Declaration{
			Name: f.Name, Account: f.Account, Runtime: function.Simulated,
			Memory: function.Size(f.Memory), Timeout: min(f.Timeout, function.MaxTimeout), Resident: resident(f),
		})
	}
	return declarations, notes
}

// resident is the memory that a container of the function uses without calls.
// What a trace has seen in use has the platform's own share in it.
func resident(f trace.Function) function.Size {
	switch {
	case f.Resident == 0:
		return 0
	case f.Used:
		return function.Size(f.Resident)
	}
	return function.Size(f.Resident + nodemodel.Reference(1).Memory)
}
