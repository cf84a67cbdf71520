package nodemodel

import "time"

// run moves to now, from one end of something to the next: between two of them all rates are constant.
func (m *Model) run(now time.Duration) {
	for {
		next := m.next()
		if next > now || next == never {
			m.now = max(m.now, now)
			return
		}
		m.now = max(m.now, next)
		m.endDelays()
		m.endSleeps()
		if m.nextCPU <= m.now {
			m.endComputing()
		}
	}
}

// next is when the next phase of anything ends, or never.
func (m *Model) next() time.Duration {
	if m.stale {
		m.share()
	}
	for len(m.asleep) > 0 && endedEarly(m.asleep[0].value) {
		m.asleep.remove(0)
		m.early--
	}
	next := m.nextCPU
	if len(m.asleep) > 0 {
		next = min(next, m.asleep[0].key)
	}
	if len(m.delays) > 0 {
		next = min(next, m.delays[0].key)
	}
	return next
}

func (m *Model) endDelays() {
	for len(m.delays) > 0 && m.delays[0].key <= m.now {
		c := m.delays.remove(0)
		if c.state == gone {
			continue
		}
		c.settled = m.now
		if spent(c.creation) {
			m.created(c)
		} else {
			m.reconsider(c)
		}
	}
}

func (m *Model) endSleeps() {
	for len(m.asleep) > 0 && m.asleep[0].key <= m.now {
		call := m.asleep.remove(0)
		if endedEarly(call) {
			m.early--
			continue
		}
		call.Container.sleepers--
		m.finished(call)
	}
}

// endComputing ends the CPU phase of what has its CPU at this very moment.
func (m *Model) endComputing() {
	m.due = m.due[:0]
	for _, c := range m.active {
		if c.next <= m.now {
			m.due = append(m.due, c)
		}
	}
	for _, c := range m.due {
		c.settle(m.now)
		if c.state == creating {
			m.created(c)
			continue
		}
		// The first one is why we are here, whatever rounding says.
		for first := true; len(c.computing) > 0 && (first || spent(c.computing[0].key-c.virtual)); first = false {
			call := c.computing.remove(0)
			if call.sleep > 0 {
				m.fallAsleep(call)
			} else {
				m.finished(call)
			}
		}
		m.reconsider(c)
	}
}

func (m *Model) created(c *Container) {
	c.state = created
	m.reconsider(c)
	m.done = append(m.done, Completion{At: m.now, Kind: Created, Container: c, Peak: c.used, CPU: nanoseconds(c.cpu)})
}

func (m *Model) fallAsleep(call *Call) {
	call.phase = sleeping
	call.Container.sleepers++
	m.asleep.push(after(m.now, call.sleep), call.seq, call)
}

func (m *Model) finished(call *Call) {
	c := call.Container
	m.done = append(m.done, Completion{
		At: m.now, Kind: Finished, Container: c, Call: call,
		Peak: c.peaks.since(call.seq), CPU: nanoseconds(c.cpuAt(m.now) - call.before),
	})
	m.end(call)
}

// end takes a call out of its container. It is in no heap any more, or left behind in m.asleep.
func (m *Model) end(call *Call) {
	c := call.Container
	call.phase = over
	c.calls--
	c.used -= call.memory
	m.memory -= call.memory
	if c.calls == 0 {
		c.peaks = c.peaks[:0]
	}
}

// endedEarly: what is still in m.asleep was cancelled, or lost its container.
func endedEarly(call *Call) bool { return call.phase == over || call.Container.state == gone }

// leaveBehind notes that n more calls in m.asleep have ended early. They are
// cleared out when they are the greater part, so that each costs O(1).
func (m *Model) leaveBehind(n int) {
	m.early += n
	if m.early > len(m.asleep)/2 {
		m.asleep.filter(func(call *Call) bool { return !endedEarly(call) })
		m.early = 0
	}
}
