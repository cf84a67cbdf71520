package linux

import (
	"github.com/minifaas/minifaas/internal/environment"
	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// kind is what a sandbox must have been made for to take a function.
type kind struct {
	// runtime is set where an interpreter waits in the sandbox; else any function
	// that needs none can be loaded, if the agent has its runtime.
	runtime string
	// memory is the container's where the interpreter has to be told it at its start; else
	// 0. Node.js heeds a later v8.setFlagsFromString('--max-old-space-size') neither way.
	memory int64
	// zygote is whose fork waits as Python's worker; nil elsewhere.
	zygote *zygote
	// egress: it has a network device.
	egress bool
	// full: its agent has all runtimes.
	full bool
}

// kindOf is plain where no interpreter has to wait inside: some functions need a start of
// their own, and a plain one also serves Python until its zygote has filled others.
func kindOf(spec sandbox.Spec, z *zygote) kind {
	k := plainKind(spec)
	switch {
	case z != nil:
		k.runtime, k.zygote = function.Python3, z
	case spec.Function.Runtime == function.NodeJS && !environment.NeedsOwnStart(spec.Function.Environment):
		k.runtime, k.memory = function.NodeJS, spec.Memory
	}
	return k
}

func plainKind(spec sandbox.Spec) kind {
	k := kind{egress: spec.Function.Egress}
	switch spec.Function.Runtime {
	case function.Custom, function.Wasm, compileRuntime:
		k.full = true
	}
	return k
}

// wanted is false when nobody can use the kind any more.
func (k kind) wanted() bool { return k.zygote == nil || !k.zygote.dead() && !k.zygote.worn() }

// holds is about what a sandbox of the kind takes of the node's memory while it waits, in bytes.
func (k kind) holds() int64 {
	switch k.runtime {
	case function.NodeJS:
		return 48 << 20
	case function.Python3:
		return 8 << 20
	}
	return 4 << 20
}

// limit is its memory limit meanwhile.
func (k kind) limit() int64 { return 4*k.holds() + function.LeastMemory }

func (k kind) String() string {
	switch {
	case k.full:
		return "full"
	case k.runtime == "":
		return "plain"
	}
	if k.zygote.home() != nil {
		return "snapshot"
	}
	return k.runtime
}
