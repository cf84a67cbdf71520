// Package containerservice is the agent: it answers the calls of a node (package
// wire) for one container, whose function it loads once and invokes
// many times at once. What runs the function's code is package runtime and those below it.
package containerservice

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/minifaas/minifaas/containerservice/runtime"
	"github.com/minifaas/minifaas/containerservice/runtime/binary"
	"github.com/minifaas/minifaas/containerservice/runtime/native"
	"github.com/minifaas/minifaas/containerservice/runtime/node"
	"github.com/minifaas/minifaas/containerservice/runtime/python"
	"github.com/minifaas/minifaas/containerservice/runtime/resident"
	"github.com/minifaas/minifaas/internal/wire"
)

// Defaults of what a request leaves at 0.
const (
	DefaultLoadTimeout = 10 * time.Second
	DefaultTimeout     = 60 * time.Second
	DefaultLogLimit    = 64 << 10
)

// starters are the runtimes that every agent has, by name.
var starters = map[string]runtime.Starter{
	"python3": python.Start,
	"nodejs":  node.Start,
	"binary":  binary.Start,
	"native":  native.Start,
}

// preparers of the runtimes that have something to prepare.
var preparers = map[string]runtime.Preparer{
	"nodejs": node.Prepare,
}

// Server serves one container. Make it with New.
type Server struct {
	more    map[string]runtime.Starter
	running running

	mu    sync.RWMutex // guards state, rt and failed
	state loadState
	rt    runtime.Runtime
	// failed is the answer to every invocation when loading failed.
	failed *wire.LoadReply
	// prepared, if not nil, waits for a function of the runtime preparedFor.
	prepared    runtime.Prepared
	preparedFor string
}

type loadState uint8

const (
	unloaded loadState = iota
	preparing
	loading
	loaded
)

var _ wire.Service = (*Server)(nil)

// New returns a server without a function, with these runtimes beside those of every agent.
func New(more map[string]runtime.Starter) *Server {
	return &Server{more: more, running: running{byRequest: map[string]map[*invocation]struct{}{}}}
}

// Load starts the runtime.
func (s *Server) Load(ctx context.Context, req *wire.LoadRequest) (*wire.LoadReply, error) {
	start := starters[req.Runtime]
	if start == nil {
		start = s.more[req.Runtime]
	}
	if start == nil {
		known := slices.Sorted(maps.Keys(starters))
		return nil, wire.Errorf(wire.FailedPrecondition, "this agent has no runtime %q, but %s; containerservice-full has all", req.Runtime,
			strings.Join(slices.AppendSeq(known, maps.Keys(s.more)), ", "))
	}
	if !s.advance(unloaded, loading) {
		return nil, wire.Error(wire.FailedPrecondition, "load function: a container loads one function, once")
	}
	if p := s.takePrepared(req); p != nil {
		start = p.Load
	} else if req.Forked {
		return nil, wire.Error(wire.Aborted, "load function: nothing waits here for a worker that is forked outside")
	}
	rt, log, err := start(ctx, runtime.Function{
		Name:        req.FunctionName,
		Handler:     req.Handler,
		CodeDir:     req.CodeDir,
		Memory:      req.MemoryInBytes,
		Environment: req.Environment,
		Interpreter: req.Interpreter,
		Compiled:    req.CompiledDir,
		Preload:     req.Preload,
		Snapshot:    req.Snapshot,
		Zygote:      req.Zygote,
		LoadTimeout: orDefault(time.Duration(req.TimeoutNanos), DefaultLoadTimeout),
		LogLimit:    int(orDefault(req.LogLimitInBytes, DefaultLogLimit)),
	})
	fault, blamed := errors.AsType[*runtime.Error](err)
	switch {
	case err == nil || blamed:
	case errors.Is(err, runtime.ErrNoInterpreter):
		return nil, wire.Errorf(wire.FailedPrecondition, "%s: %v", req.Runtime, err)
	case ctx.Err() != nil:
		return nil, wire.ContextError(ctx.Err())
	case errors.Is(err, resident.ErrNoWorker):
		return nil, wire.Error(wire.Aborted, text(err.Error()))
	default:
		return nil, wire.Errorf(wire.Internal, "load function: %v", err)
	}
	reply := &wire.LoadReply{Error: toWire(fault), FunctionLog: log}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.rt = loaded, rt
	if fault != nil {
		s.rt, s.failed = nil, reply
	}
	return reply, nil
}

func (s *Server) advance(from, to loadState) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != from {
		return false
	}
	s.state = to
	return true
}

// Close ends the function.
func (s *Server) Close() {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.rt != nil {
		s.rt.Close()
	}
	if s.prepared != nil {
		s.prepared.Close()
	}
}

func orDefault[T int64 | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

func toWire(e *runtime.Error) *wire.FunctionError {
	if e == nil {
		return nil
	}
	return &wire.FunctionError{
		Code: e.Code, Type: text(e.Type), Message: text(e.Message), StackTrace: text(e.StackTrace),
	}
}

// text makes what a function said fit for a string on the wire.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
