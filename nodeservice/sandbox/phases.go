package sandbox

import (
	"iter"
	"time"

	"go.uber.org/zap/zapcore"
)

// A Phased is a Container that tells what its creation took.
type Phased interface{ Phases() Phases }

// Phases are the parts of a creation. One that did not occur is 0.
type Phases struct {
	// Wait until it was the creation's turn, as others were under way.
	Wait time.Duration
	// Take a sandbox from the reserve, or else make one.
	Take time.Duration
	// Mount the function's code; and copy or compile it, where it is new.
	Mount time.Duration
	// Limit the container's memory and CPU.
	Limit time.Duration
	// Import the function: what it does when it starts is part of it.
	Import time.Duration
	// Pooled: the sandbox came from the reserve.
	Pooled bool
	// Sandbox is the kind that the function takes, as Runtime.Ready counts them.
	Sandbox string
	// NoSnapshot is why a function that declares a snapshot was not begun from it.
	NoSnapshot string
}

// MarshalLogObject implements zapcore.ObjectMarshaler.
func (p Phases) MarshalLogObject(e zapcore.ObjectEncoder) error {
	e.AddBool("pooled", p.Pooled)
	for phase, took := range p.All() {
		e.AddDuration(phase, took)
	}
	return nil
}

// All gives the phases with their names, in the order in which they come.
func (p Phases) All() iter.Seq2[string, time.Duration] {
	return func(yield func(string, time.Duration) bool) {
		_ = yield("wait", p.Wait) && yield("take", p.Take) && yield("mount", p.Mount) &&
			yield("limit", p.Limit) && yield("import", p.Import)
	}
}
