package nodemodel

// checkMemory kills whom the kernel would kill, now that a container has grown.
func (m *Model) checkMemory(grown *Container) {
	if grown.used > grown.memory {
		m.kill(grown)
	}
	for m.memory > m.cfg.Memory && len(m.containers) > 0 {
		m.kill(m.largest())
	}
}

// largest is the container that uses most, and the oldest of these.
func (m *Model) largest() *Container {
	found := m.containers[0]
	for _, c := range m.containers[1:] {
		if c.used > found.used || c.used == found.used && c.seq < found.seq {
			found = c
		}
	}
	return found
}

func (m *Model) kill(c *Container) {
	m.drop(c)
	m.done = append(m.done, Completion{At: m.now, Kind: OutOfMemory, Container: c, Peak: c.used, CPU: nanoseconds(c.cpu)})
}

// drop takes a container off the node, with its calls.
func (m *Model) drop(c *Container) {
	c.settle(m.now)
	c.state = gone
	c.computing = nil
	m.reconsider(c)
	m.cpu += c.cpu
	m.memory -= c.used

	last := len(m.containers) - 1
	m.containers[c.index] = m.containers[last]
	m.containers[c.index].index = c.index
	m.containers[last] = nil
	m.containers = m.containers[:last]
	m.leaveBehind(c.sleepers)
}
