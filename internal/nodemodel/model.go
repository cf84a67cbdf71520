// Package nodemodel is the reference model of a node: what creating containers
// and running calls in them takes, as arithmetic. The simulator runs it in
// virtual time, nodeservice/sandbox/simulated in real time.
//
// A node has cores and memory. Creating a container takes a delay and then CPU
// at no more than one core. A call takes CPU and then sleeps; what it adds to its
// container's memory it holds from its begin to its end. The calls of a container that are
// in their CPU phase use together at most min(0.67 × GiB, how many they are)
// cores, divided equally; the node's cores are divided max-min fair among
// containers and creations. A container over its memory is killed with all
// its calls, and while the node is over its own, the largest container is.
//
// The same history gives the same completions on every architecture: instants
// are whole nanoseconds, and no product is fused with a sum.
package nodemodel

import "time"

// Model is one node. Time is what its caller says it is: an offset from any
// start, never going back. It does not wait, and is not safe for concurrent use.
//
// With n calls asleep and k containers that compute or are being created, a call
// costs O(log n) if it only sleeps, and O(k) when it begins and ends its CPU phase.
type Model struct {
	cfg        Config
	now        time.Duration
	seq        uint64
	containers []*Container // in no order
	memory     int64        // used, with the system's, in bytes
	cpu        float64      // used by containers that are gone, in ns
	done       []Completion // not yet taken

	delays heap[time.Duration, *Container] // creations in their delay
	asleep heap[time.Duration, *Call]      // with the calls that were ended before their time
	early  int                             // how many those are

	active  []*Container // that want CPU, by demand, then seq
	stale   bool         // the shares must be computed again
	nextCPU time.Duration
	due     []*Container // used by endComputing only
}

// New returns an empty node at time 0. The configuration must be valid.
func New(cfg Config) *Model {
	cfg = cfg.withDefaults()
	return &Model{cfg: cfg, memory: cfg.SystemMemory, nextCPU: never}
}

// Create begins to create a container with that memory limit, in bytes. Key is the caller's.
func (m *Model) Create(now time.Duration, key uint64, memory int64, how Creation) *Container {
	m.run(now)
	m.seq++
	c := &Container{
		Key:      key,
		seq:      m.seq,
		index:    len(m.containers),
		memory:   memory,
		used:     max(how.Memory, 0),
		quota:    Quota(max(memory, 0)),
		creation: float64(max(how.CPU, 0)),
	}
	m.containers = append(m.containers, c)
	m.memory += c.used
	m.delays.push(after(m.now, max(how.Delay, 0)), c.seq, c)
	m.checkMemory(c)
	return c
}

// Invoke begins a call in a container. It is nil if the container is not created
// yet, or gone. Key is the caller's.
func (m *Model) Invoke(now time.Duration, c *Container, key uint64, w Work) *Call {
	m.run(now)
	if c.state != created {
		return nil
	}
	m.seq++
	call := &Call{Key: key, Container: c, seq: m.seq, memory: max(w.Memory, 0), sleep: max(w.Sleep, 0), before: c.cpuAt(m.now)}
	c.calls++
	c.used += call.memory
	m.memory += call.memory
	c.peaks.rose(call.seq, c.used)
	if cpu := float64(w.CPU); spent(cpu) {
		m.fallAsleep(call)
	} else {
		c.settle(m.now)
		c.computing.push(c.virtual+cpu, call.seq, call)
		m.reconsider(c)
	}
	m.checkMemory(c)
	return call
}

// Cancel ends a call before its time. One that is over, or whose container is gone, stays as it is.
func (m *Model) Cancel(now time.Duration, call *Call) {
	m.run(now)
	c := call.Container
	switch {
	case c.state == gone || call.phase == over:
		return
	case call.phase == sleeping:
		m.end(call)
		c.sleepers--
		m.leaveBehind(1)
	default:
		c.settle(m.now)
		for i, it := range c.computing {
			if it.value == call {
				c.computing.remove(i)
				break
			}
		}
		m.reconsider(c)
		m.end(call)
	}
}

// Remove removes a container, in whatever state. One that is gone stays so.
func (m *Model) Remove(now time.Duration, c *Container) {
	m.run(now)
	if c.state != gone {
		m.drop(c)
	}
}

// Advance moves to now and appends what ended since it was last called, in order
// of time. Of one instant, creations that take no CPU come first, in order of begin; then what
// ended its sleep, in order of begin; then what got its CPU, in order of the container's demand and age.
func (m *Model) Advance(now time.Duration, out []Completion) []Completion {
	m.run(now)
	out = append(out, m.done...)
	clear(m.done) // so that the garbage collector can have the handles
	m.done = m.done[:0]
	return out
}

// Next is when something will end, or go on to its next phase, if nothing else happens; false: never.
func (m *Model) Next() (time.Duration, bool) {
	if len(m.done) > 0 {
		return m.now, true
	}
	next := m.next()
	return next, next != never
}

// Usage is what a container uses; false: it is gone.
func (m *Model) Usage(now time.Duration, c *Container) (Usage, bool) {
	m.run(now)
	if c.state == gone {
		return Usage{}, false
	}
	return c.usage(m.now), true
}

// Total is what all containers use together, and have used of CPU, with those
// that are gone. Its cost grows with the number of containers.
func (m *Model) Total(now time.Duration) Usage {
	m.run(now)
	u := Usage{CPU: nanoseconds(m.cpu)}
	for _, c := range m.containers {
		one := c.usage(m.now)
		u.Memory += one.Memory
		u.CPU += one.CPU
		u.Throttled += one.Throttled
	}
	return u
}
