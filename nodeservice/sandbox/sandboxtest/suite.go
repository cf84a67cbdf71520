// Package sandboxtest is the conformance suite of sandbox.Runtime: whatever
// passes it can stand behind a NodeService. It also builds the programs that
// such tests need.
//
// The suite's function, called work, takes an Event as JSON: it burns CPU, then
// sleeps, and holds memory meanwhile.
package sandboxtest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// Event is what the function work is to do.
type Event struct {
	// CPU is burnt first, in ms of CPU time.
	CPU int64 `json:"cpu_ms,omitempty"`
	// Sleep comes then, in ms.
	Sleep int64 `json:"sleep_ms,omitempty"`
	// Touch is the memory held meanwhile, in MiB.
	Touch int64 `json:"touch_mb,omitempty"`
	// Error makes the function fail with that message (Features.Errors).
	Error string `json:"error,omitempty"`
	// Stubborn makes it go on when it is told to stop (Features.Errors).
	Stubborn bool `json:"stubborn,omitempty"`
	// Do names one thing to try from inside; see testdata/probe.
	Do string `json:"do,omitempty"`
}

// Features says what a runtime has beyond the common core. What is not there is
// skipped, by name.
type Features struct {
	// Work is the function work. Its Name is the suite's to change.
	Work function.Function
	// Broken fails to load; nil: the runtime loads no code.
	Broken *function.Function
	// Errors: work can fail, and can be stubborn.
	Errors bool
	// Spares: an invocation that runs out of memory ends alone, and is told so.
	Spares bool
	// MemoryLimit is the memory of the containers that are to run out of it; 0 means 64 MiB.
	MemoryLimit int64
	// NoQuota, if set, says why containers have no CPU quota here.
	NoQuota string
}

// Run runs the suite. Each test gets a runtime of its own, whose node has 2
// cores and 2 GiB or more; newRuntime must not let the test end before the runtime's Close has been called.
func Run(t *testing.T, newRuntime func(*testing.T) sandbox.Runtime, f Features) {
	if f.MemoryLimit == 0 {
		f.MemoryLimit = 64 << 20
	}
	tests := []struct {
		name string
		run  func(*testing.T, *suite)
	}{
		{"CreateInvokeKill", createInvokeKill},
		{"ManyAtOnce", manyAtOnce},
		{"FunctionError", functionError},
		{"LoadError", loadError},
		{"TimeoutStopsTheWork", timeoutStopsTheWork},
		{"StubbornTimeout", stubbornTimeout},
		{"CancelStopsTheWork", cancelStopsTheWork},
		{"CancelSparesOthers", cancelSparesOthers},
		{"CreateCanceled", createCanceled},
		{"OutOfMemoryAlone", outOfMemoryAlone},
		{"OutOfMemoryShared", outOfMemoryShared},
		{"KillUnderInvocation", killUnderInvocation},
		{"KillTwice", killTwice},
		{"Usage", usage},
		{"Quota", quota},
		{"Resize", resize},
		{"Shrunk", shrunk},
		{"CloseEndsAll", closeEndsAll},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.run(t, &suite{Features: f, runtime: newRuntime(t)})
		})
	}
}

type suite struct {
	Features
	runtime sandbox.Runtime
}

var containers atomic.Int64

// create makes a container of work; memory 0 means 256 MiB.
func (s *suite) create(t *testing.T, memory int64) sandbox.Container {
	t.Helper()
	return s.createOf(t, s.Work, memory)
}

func (s *suite) createOf(t *testing.T, f function.Function, memory int64) sandbox.Container {
	t.Helper()
	if memory == 0 {
		memory = 256 << 20
	}
	c, err := s.runtime.Create(t.Context(), sandbox.Spec{
		ID:       fmt.Sprintf("c%d", containers.Add(1)),
		Function: f,
		Memory:   memory,
	})
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	t.Cleanup(func() {
		if err := c.Kill(); err != nil {
			t.Errorf("kill: %v", err)
		}
	})
	return c
}

// long is a timeout that no test reaches.
const long = time.Minute

func invoke(ctx context.Context, c sandbox.Container, e Event, timeout time.Duration) (sandbox.Result, error) {
	event, err := json.Marshal(e)
	if err != nil {
		return sandbox.Result{}, err
	}
	return c.Invoke(ctx, sandbox.Invocation{RequestID: fmt.Sprintf("r%d", requests.Add(1)), Event: event, Timeout: timeout})
}

var requests atomic.Int64

func mustInvoke(t *testing.T, c sandbox.Container, e Event) sandbox.Result {
	t.Helper()
	r, err := invoke(t.Context(), c, e, long)
	if err != nil {
		t.Fatalf("invoke %+v: %v", e, err)
	}
	if r.Error != nil {
		t.Fatalf("invoke %+v: function error %+v, log %q", e, *r.Error, r.Log)
	}
	return r
}

// pending is an invocation under way.
type pending struct {
	result sandbox.Result
	err    error
	done   chan struct{}
}

func start(ctx context.Context, c sandbox.Container, e Event) *pending {
	p := &pending{done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.result, p.err = invoke(ctx, c, e, long)
	}()
	return p
}

// running starts an invocation that sleeps for a minute, and returns when it has
// begun: its memory is what shows it.
func running(t *testing.T, c sandbox.Container) *pending {
	t.Helper()
	return holding(t, c, 16)
}

// holding is running with an invocation that holds so many MiB.
func holding(t *testing.T, c sandbox.Container, touch int64) *pending {
	t.Helper()
	before, err := c.Usage()
	if err != nil {
		t.Fatalf("usage: %v", err)
	}
	p := start(t.Context(), c, Event{Touch: touch, Sleep: 60_000})
	until(t, "the invocation to begin", func() bool {
		u, err := c.Usage()
		return err == nil && u.Memory-before.Memory > (touch-2)<<20
	})
	return p
}

// wait waits for the end, which must come soon.
func (p *pending) wait(t *testing.T) (sandbox.Result, error) {
	t.Helper()
	await(t, p.done, "the invocation to end")
	return p.result, p.err
}

// patience is long enough for anything that is to happen at once, on any machine.
const patience = 20 * time.Second

func await(t *testing.T, done <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("waited %v for %s", patience, what)
	}
}

// until polls condition, as what it looks at gives no sign.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// cpu is the CPU time that c has used; a dead container uses no more.
func cpu(t *testing.T, c sandbox.Container) time.Duration {
	t.Helper()
	u, err := c.Usage()
	if err != nil {
		t.Fatalf("usage: %v", err)
	}
	return u.CPU
}
