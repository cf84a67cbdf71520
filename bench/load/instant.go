package load

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// instant is a platform in which all that the engine asks for is done at once.
type instant struct {
	engine *engine.Engine
	now    engine.Instant
	size   Size
	calls  int
	made   int
	out    []engine.Action
	// granted is the container of the last call, if it has got one.
	granted engine.ContainerID
	// Names are made before, as their making is not what is measured. Requests end
	// before their ids are used again.
	functions []engine.FunctionSpec
	requests  [1024]engine.RequestID
}

const (
	scaleMemory = engine.Bytes(128 << 20)
	// uncalled functions have no containers at first; cold calls are of them.
	uncalled = 1000
)

// platform makes a platform of that size, its containers spread evenly over
// functions and nodes.
func (c *ScaleConfig) platform(size Size) (*instant, error) {
	policy, err := c.Policy()
	if err != nil {
		return nil, err
	}
	e, err := engine.New(engine.Config{}, policy)
	if err != nil {
		return nil, err
	}
	p := &instant{engine: e, size: size}
	for n := range size.Functions + uncalled {
		p.functions = append(p.functions, engine.FunctionSpec{Name: functionName(n), Memory: scaleMemory, Concurrency: 1})
	}
	for n := range p.requests {
		p.requests[n] = engine.RequestID(requestID(0, n))
	}
	// Room for as much again, so that nobody has to make room for a cold call.
	capacity := engine.Bytes(2*(size.Containers/size.Nodes+1)) * scaleMemory
	for n := range size.Nodes {
		p.step(&engine.Event{Kind: engine.NodeReady, Node: nodeID(n), Capacity: capacity})
	}
	for n := range size.Containers {
		p.step(&engine.Event{
			Kind: engine.ContainerAdopted, Node: nodeID(n % size.Nodes), Container: engine.ContainerID(fmt.Sprintf("adopted-%d", n)),
			Function: p.functions[n%size.Functions],
		})
	}
	return p, nil
}

func nodeID(n int) engine.NodeID { return engine.NodeID(fmt.Sprintf("node-%d", n)) }

// step tells the engine what happened, and then of all that it has done because of it.
func (p *instant) step(ev *engine.Event) {
	p.now += engine.Instant(time.Microsecond)
	p.out = p.engine.Step(p.now, ev, p.out[:0])
	if len(p.out) == 1 && p.out[0].Kind == engine.Grant { // the warm call's: as cheap as can be
		p.granted = p.out[0].Container
		return
	}
	for _, a := range slices.Clone(p.out) { // steps that follow write to p.out
		p.carryOut(&a)
	}
}

func (p *instant) carryOut(a *engine.Action) {
	switch a.Kind {
	case engine.Grant:
		p.granted = a.Container
	case engine.CreateContainer:
		p.made++
		p.step(&engine.Event{Kind: engine.ContainerReady, Name: a.Name, Node: a.Node, Container: engine.ContainerID("made-" + strconv.Itoa(p.made))})
	case engine.RemoveContainer:
		p.step(&engine.Event{Kind: engine.ContainerRemoved, Name: a.Name})
	case engine.ReserveNode:
		p.step(&engine.Event{Kind: engine.NodeFailed, Reservation: a.Reservation, Exhausted: true})
	case engine.ReleaseNode:
		p.step(&engine.Event{Kind: engine.NodeReleased, Node: a.Node})
	}
}

// warm acquires and returns a container of a function, a different one each time.
func (p *instant) warm() error {
	const stride = 7919 // far enough that none is still in the processor's cache
	return p.pair(p.functions[p.calls*stride%p.size.Functions], false)
}

// cold calls a function that has no container. The container goes with the call.
func (p *instant) cold() error {
	return p.pair(p.functions[p.size.Functions+p.calls%uncalled], true)
}

func (p *instant) pair(f engine.FunctionSpec, usedUp bool) error {
	p.calls++
	p.granted = ""
	id := p.requests[p.calls%len(p.requests)]
	p.step(&engine.Event{Kind: engine.Acquire, Ticket: engine.Ticket(p.calls), Request: id, Function: f})
	if p.granted == "" && !p.wait() {
		return fmt.Errorf("%s got no container", f.Name)
	}
	p.step(&engine.Event{Kind: engine.Return, Request: id, Container: p.granted, Outcome: engine.Outcome{
		Duration: callDuration, MaxMemory: scaleMemory, Lost: usedUp,
	}})
	return nil
}

// wait lets time pass until the call under way has a container.
func (p *instant) wait() bool {
	const most = 1000
	for range most {
		next, ok := p.engine.NextWake()
		if !ok {
			return false
		}
		p.now = max(p.now, next)
		if p.step(&engine.Event{Kind: engine.Wake}); p.granted != "" {
			return true
		}
	}
	return false
}

// heap is the memory in use, in bytes, without what could be collected.
func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
