// Package runtime is the seam between the agent and what runs a function's
// code: packages python, node, native, binary, custom and wasm below it each have
// a Start of type Starter.
package runtime

import (
	"context"
	"errors"
	"os"
	"strconv"
	"time"
)

// Limits of one invocation.
const (
	// MaxPayload is the largest event and the largest result, in bytes.
	MaxPayload = 6 << 20
	// MaxLoadOutput is the most that a function may write while it loads, in bytes.
	MaxLoadOutput = 16 << 20
)

var (
	// ErrLost: the runtime died, or had to be killed, and the invocation with it.
	ErrLost = errors.New("container lost")
	// ErrNoInterpreter: the program that runs the function's language is not there.
	ErrNoInterpreter = errors.New("interpreter not found")
)

// ForkSocket is the agent's descriptor by which the node asks a zygote for forks.
const ForkSocket = 5

// Function is what is to be loaded.
type Function struct {
	Name        string
	Handler     string
	CodeDir     string
	Memory      int64 // of the container, in bytes
	Environment map[string]string
	// Interpreter is the path of the language's interpreter, if it has one.
	Interpreter string
	// Compiled is the folder of the code's compiled form, if there is one.
	Compiled string
	// Preload are modules of the interpreter's installation to import before the code.
	Preload []string
	// Snapshot: the function may begin from the state in which its initialisation left it.
	Snapshot bool
	// Zygote: it is loaded to be forked, and never invoked; see ForkSocket.
	Zygote bool
	// LoadTimeout bounds the function's own initialisation.
	LoadTimeout time.Duration
	// LogLimit is the most output that is kept of an invocation, in bytes.
	LogLimit int
}

// A Starter starts a runtime and loads the function. Its error is an *Error
// when the function is to blame; log is what it wrote meanwhile, in any case.
type Starter func(ctx context.Context, f Function) (rt Runtime, log string, err error)

// Preparation is what can be known before the function is.
type Preparation struct {
	// Interpreter and Memory will be those of the function.
	Interpreter string
	Memory      int64
}

// A Preparer starts what a function of the runtime will need.
type Preparer func(ctx context.Context, p Preparation) (Prepared, error)

// Prepared waits for its function. One of Load and Close is called, once.
type Prepared interface {
	// Load is as a Starter, but starts nothing.
	Load(ctx context.Context, f Function) (rt Runtime, log string, err error)
	Close()
	// Done is closed when it has died, and can't load anything any more.
	Done() <-chan struct{}
}

// A Runtime runs the invocations of one function. It is safe for concurrent use.
type Runtime interface {
	// Invoke runs one invocation. When it returns, the invocation's work has
	// stopped. An error of the function is in the Result; the error is ErrLost with
	// the reason, or that of ctx: then the work was stopped for its sake.
	Invoke(ctx context.Context, call Call) (Result, error)
	// Close kills all that runs.
	Close()
}

// Call is one invocation.
type Call struct {
	RequestID string
	Event     []byte
	// Timeout bounds the execution; it is above 0.
	Timeout time.Duration
}

// Result is how an invocation ended.
type Result struct {
	Body  []byte
	Error *Error // nil on success
	Log   string
	// Duration from the hand-over to the function to its result.
	Duration time.Duration
	// PeakMemory of the container during the invocation, in bytes; above 0.
	PeakMemory int64
	// Lost: the runtime died, or had to be killed.
	Lost bool
}

// Environ is the environment of a process of the function: the platform's
// variables, over them the function's, over both the runtime's own.
func (f Function) Environ(own map[string]string) map[string]string {
	tmp := os.Getenv("TMPDIR")
	if tmp == "" {
		tmp = "/tmp"
	}
	env := map[string]string{
		"PATH":            "/usr/local/bin:/usr/bin:/bin",
		"HOME":            tmp,
		"TMPDIR":          tmp,
		"LANG":            "C.UTF-8",
		"FUNCTION_NAME":   f.Name,
		"HANDLER":         f.Handler,
		"CODE_DIR":        f.CodeDir,
		"MEMORY_LIMIT_MB": strconv.FormatInt(f.MemoryMiB(), 10),
	}
	for _, m := range []map[string]string{f.Environment, own} {
		for k, v := range m {
			env[k] = v
		}
	}
	return env
}

// MemoryMiB is the container's memory in MiB, as languages tell it their functions.
func (f Function) MemoryMiB() int64 { return f.Memory >> 20 }
