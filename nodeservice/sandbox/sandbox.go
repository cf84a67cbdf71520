// Package sandbox is the seam between a node and what isolates its containers.
//
// A Runtime makes containers; a Container runs the invocations of one function
// until it is killed or dies. Package linux is the real one, package simulated
// the model of it, and package sandboxtest the suite that both must pass.
//
// A container moves through these states; no other move is legal:
//
//	creating → ready ⇄ busy → stopping → stopped
//	    └────────┴──────────────┘ (killed, or died)
//
// One that is ready may be frozen: it takes no CPU until the next invocation.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/minifaas/minifaas/internal/function"
)

// Errors handled by kind. A Runtime wraps them with what happened.
var (
	// ErrOutOfMemory: the container used more than its memory limit and was killed.
	ErrOutOfMemory = errors.New("out of memory")
	// ErrLost: the container died, or was killed, under the invocation.
	ErrLost = errors.New("container lost")
	// ErrLostToMemory is an ErrLost: the container died for want of memory, and which
	// of its invocations used it is not known.
	ErrLostToMemory = fmt.Errorf("%w: out of memory", ErrLost)
	// ErrInUse: the container uses more memory than it was to be left.
	ErrInUse = errors.New("memory in use")
	// ErrUnsupported: this machine does not have what the function needs, such as its interpreter.
	ErrUnsupported = errors.New("not available on this machine")
)

// Spec says what a container is to be.
type Spec struct {
	// ID is unique on the node; it names the container's cgroup and folder.
	ID       string
	Function function.Function
	// Memory is the limit in bytes; the CPU quota follows it (see Quota).
	Memory int64
}

// CPUPerGiB is the CPU that a container gets for each GiB of its memory, in cores.
const CPUPerGiB = 0.67

// Quota is the CPU quota in cores of a container with that much memory.
func Quota(memory int64) float64 { return CPUPerGiB * float64(memory) / (1 << 30) }

// A Runtime makes the containers of one node. It is safe for concurrent use.
type Runtime interface {
	// Create makes a container and loads its function. A function that fails to
	// load is no error: the container's invocations report it.
	Create(ctx context.Context, spec Spec) (Container, error)
	// Usage is what all containers use together.
	Usage() (Usage, error)
	// Close kills every container and removes all that the runtime made.
	Close() error
}

// A Reserve is a Runtime that keeps sandboxes in reserve.
type Reserve interface {
	// Ready is how many wait for a function, by kind: a runtime whose interpreter waits in them,
	// "full" for custom and wasm, or "plain" for all others.
	Ready() map[string]int
}

// A Container runs one function. It is safe for concurrent use.
type Container interface {
	// Invoke runs one invocation. An error of the function is in the Result. An
	// error wraps ErrLost or ErrOutOfMemory when the container died
	// underneath. When Invoke returns, for whatever reason, the invocation's
	// work has stopped: if ctx ends first, it is stopped, if need be with the container.
	Invoke(ctx context.Context, inv Invocation) (Result, error)
	// Usage is what the container uses now.
	Usage() (Usage, error)
	// Resize sets the memory limit in bytes, which is above 0, and the CPU quota that
	// follows it; the function is not told. When the container uses more than
	// that now, nothing changes, and the error wraps ErrInUse.
	Resize(memory int64) error
	// Frozen reports whether the container is frozen now: the next invocation thaws it.
	Frozen() bool
	// Kill ends all that runs in the container and returns when it is gone and
	// nothing of it is left on the machine. Repeating it is legal.
	Kill() error
	// Done is closed when the container is dead, killed or not.
	Done() <-chan struct{}
}

// Invocation is one call of a function.
type Invocation struct {
	RequestID string
	Event     []byte
	// Timeout bounds the execution; it is above 0.
	Timeout time.Duration
}

// Result is how an invocation ended.
type Result struct {
	Body []byte
	// Error is nil when the function succeeded.
	Error *FunctionError
	// Log is what the function wrote, cut at a limit.
	Log      string
	Duration time.Duration
	// MaxMemory is the container's peak during the invocation, in bytes; above 0.
	MaxMemory int64
	// CPU used by the container during the invocation, by whichever of its
	// invocations; 0 where that is not measured.
	CPU time.Duration
	// Thaw is what it took to wake the container for it; 0: it was not frozen.
	Thaw time.Duration
	// Lost: the container is dead, or must be killed.
	Lost bool
}

// FunctionError is an error of the function, not of the platform.
type FunctionError struct {
	// Code is one of the codes below.
	Code string
	// Type is the exception's type as the language names it.
	Type    string
	Message string
	// StackTrace is empty where the runtime has none.
	StackTrace string
}

// Codes of FunctionError.
const (
	CodeFunctionError = "FunctionError"
	CodeTimeout       = "Timeout"
	CodeOutOfMemory   = "OutOfMemory"
)

// Usage is what a container or a node uses.
type Usage struct {
	// Memory in bytes, now.
	Memory int64
	// CPU used so far.
	CPU time.Duration
	// Throttled is the time it was held back by its CPU quota so far.
	Throttled time.Duration
}
