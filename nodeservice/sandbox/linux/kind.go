package linux

import (
	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// kind is what a sandbox must have been made for to take a function.
type kind struct {
	// runtime is set where an interpreter waits in the sandbox; else any function
	// that needs none can be loaded.
	runtime string
	// memory is the container's where the interpreter has to be told it at its start; else
	// 0. Node.js heeds a later v8.setFlagsFromString('--max-old-space-size') neither way.
	memory int64
}

// kindOf is plain where no interpreter has to wait inside: Python's workers are
// forked into the sandbox, and some functions need a start of their own.
func kindOf(spec sandbox.Spec) kind {
	if spec.Function.Runtime == function.NodeJS && !function.NeedsOwnStart(spec.Function.Environment) {
		return kind{function.NodeJS, spec.Memory}
	}
	return kind{}
}

// holds is about what a sandbox of the kind takes of the node's memory while it waits.
func (k kind) holds() int64 {
	if k.runtime == function.NodeJS {
		return 48 << 20
	}
	return 4 << 20
}

// limit is its memory limit meanwhile.
func (k kind) limit() int64 { return 4*k.holds() + minMemory }

func (k kind) String() string {
	if k.runtime == "" {
		return "plain"
	}
	return k.runtime
}
