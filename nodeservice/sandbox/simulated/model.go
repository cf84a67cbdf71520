// Package simulated is a model of a node behind the interface of the real one.
//
// A node has cores and memory. Creating a container takes a delay and then CPU.
// An invocation takes CPU and then sleeps; what it adds to its container's
// memory it holds from its begin to its end. The invocations of a container that are
// in their CPU phase use together at most min(0.67 × GiB, how many they are)
// cores, divided equally; the node's cores are divided max-min fair among
// containers and creations. A container over its memory is killed with all
// its invocations, and while the node is over its own, the largest container is.
//
// An event is a JSON object: cpu_ms, sleep_ms, touch_mb. Anything else asks for
// no work. No code is loaded, so no function fails but by time or memory.
//
// Everything that calls itself measured and comes from here is simulated, and must say so.
package simulated

import (
	"cmp"
	"slices"
	"time"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// Work is what one invocation takes.
type Work struct {
	CPU, Sleep time.Duration
	Memory     int64
}

// Kind says how something ended.
type Kind uint8

const (
	// Created: the container is ready.
	Created Kind = iota + 1
	// Finished: the invocation has done its work.
	Finished
	// OutOfMemory: the container was killed, with all that ran in it.
	OutOfMemory
)

// Completion is something that came to its end. Invocation is 0 but for Finished.
type Completion struct {
	At         time.Duration
	Kind       Kind
	Container  string
	Invocation uint64
	// Peak is the most memory that the container used during the invocation.
	Peak int64
}

// Model is the arithmetic of a node. Time is what its caller says it is: an
// offset from any start, never going back. It does not wait, and is not safe for concurrent use.
type Model struct {
	cfg        Config
	now        time.Duration
	containers []*container // in order of creation
	cpu        float64      // seconds used by all, also those that are gone
	done       []Completion // not yet taken
}

type container struct {
	id        string
	memory    int64 // limit
	delay     time.Duration
	creation  float64 // CPU seconds that creating it still takes
	created   bool
	used      int64
	cpu       float64 // seconds
	throttled time.Duration
	calls     []*call
}

type call struct {
	id    uint64
	cpu   float64 // seconds left
	sleep time.Duration
	mem   int64
	peak  int64
}

// NewModel returns an empty node at time 0.
func NewModel(cfg Config) *Model { return &Model{cfg: cfg.withDefaults()} }

// Create begins to create a container with that memory limit, in bytes. The id must be new.
func (m *Model) Create(now time.Duration, id string, memory int64) {
	m.run(now)
	m.containers = append(m.containers, &container{
		id:       id,
		memory:   memory,
		delay:    time.Duration(float64(createDelay) * m.cfg.CreateScale),
		creation: createCPU.Seconds() * m.cfg.CreateScale,
		used:     containerMemory,
	})
	m.checkMemory()
}

// Invoke begins an invocation in a container that is created; it reports whether there is one.
func (m *Model) Invoke(now time.Duration, id string, invocation uint64, w Work) bool {
	m.run(now)
	c := m.find(id)
	if c == nil || !c.created {
		return false
	}
	c.calls = append(c.calls, &call{id: invocation, cpu: w.CPU.Seconds(), sleep: w.Sleep, mem: w.Memory})
	c.used += w.Memory
	for _, other := range c.calls {
		other.peak = max(other.peak, c.used)
	}
	m.checkMemory()
	return true
}

// Cancel ends an invocation before its time. One that is over is no error.
func (m *Model) Cancel(now time.Duration, id string, invocation uint64) {
	m.run(now)
	if c := m.find(id); c != nil {
		c.end(func(k *call) bool { return k.id == invocation })
	}
}

// Remove removes a container, in whatever state.
func (m *Model) Remove(now time.Duration, id string) {
	m.run(now)
	m.containers = slices.DeleteFunc(m.containers, func(c *container) bool { return c.id == id })
}

// Advance moves to now and returns what ended since it was last called, in order of time.
func (m *Model) Advance(now time.Duration) []Completion {
	m.run(now)
	done := m.done
	m.done = nil
	return done
}

// Next is when something will end if nothing else happens; false: never.
func (m *Model) Next() (time.Duration, bool) {
	if len(m.done) > 0 {
		return m.now, true
	}
	step, found := m.step()
	return m.now + step, found
}

// Usage is what a container uses; false: there is none of that id.
func (m *Model) Usage(now time.Duration, id string) (sandbox.Usage, bool) {
	m.run(now)
	c := m.find(id)
	if c == nil {
		return sandbox.Usage{}, false
	}
	return sandbox.Usage{Memory: c.used, CPU: seconds(c.cpu), Throttled: c.throttled}, true
}

// Total is what all containers use together, and have used of CPU, with those that are gone.
func (m *Model) Total(now time.Duration) sandbox.Usage {
	m.run(now)
	u := sandbox.Usage{CPU: seconds(m.cpu)}
	for _, c := range m.containers {
		u.Memory += c.used
		u.Throttled += c.throttled
	}
	return u
}

// checkMemory kills whom the kernel would kill.
func (m *Model) checkMemory() {
	for _, c := range slices.Clone(m.containers) {
		if c.used > c.memory {
			m.kill(c)
		}
	}
	for {
		total := m.cfg.SystemMemory
		for _, c := range m.containers {
			total += c.used
		}
		if total <= m.cfg.Memory || len(m.containers) == 0 {
			return
		}
		m.kill(slices.MaxFunc(m.containers, func(a, b *container) int { return cmp.Compare(a.used, b.used) }))
	}
}

func (m *Model) kill(c *container) {
	m.containers = slices.DeleteFunc(m.containers, func(o *container) bool { return o == c })
	m.done = append(m.done, Completion{At: m.now, Kind: OutOfMemory, Container: c.id, Peak: c.used})
}

func (m *Model) find(id string) *container {
	for _, c := range m.containers {
		if c.id == id {
			return c
		}
	}
	return nil
}
