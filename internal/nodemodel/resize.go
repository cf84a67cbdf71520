package nodemodel

import "time"

// Resize sets a container's memory limit, and the CPU quota that follows it; false:
// it uses more than that, or is gone, and nothing has changed.
func (m *Model) Resize(now time.Duration, c *Container, memory int64) bool {
	m.run(now)
	if c.state == gone || c.used > memory {
		return false
	}
	c.settle(m.now) // what it has done so far, it did with the old quota
	c.memory, c.quota = memory, Quota(memory)
	m.reconsider(c)
	return true
}
