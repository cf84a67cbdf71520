package nodemodel

import (
	"cmp"
	"slices"
)

// reconsider follows a change in what a settled container does.
func (m *Model) reconsider(c *Container) {
	m.stale, c.stale = true, true
	active := c.state == creating || c.state == created && len(c.computing) > 0
	demand := c.wants()
	if active == c.active && demand == c.demand {
		return
	}
	if c.active {
		i := m.place(c)
		m.active = slices.Delete(m.active, i, i+1)
	}
	c.active, c.demand = active, demand
	if c.active {
		i := m.place(c)
		m.active = slices.Insert(m.active, i, c)
		c.next = never // until the shares are computed
		return
	}
	c.rate, c.virtual = 0, 0
}

// place is where a container is, or belongs, in m.active.
func (m *Model) place(c *Container) int {
	i, _ := slices.BinarySearchFunc(m.active, c, func(a, b *Container) int {
		return cmp.Or(cmp.Compare(a.demand, b.demand), cmp.Compare(a.seq, b.seq))
	})
	return i
}

// share divides the cores among the containers that want some, max-min fair:
// nobody gets more than it wants, and what that leaves is divided equally among
// those that want more. Who is in m.active, in order of demand, wants some.
func (m *Model) share() {
	m.stale = false
	m.nextCPU = never
	left := m.cfg.CPU
	for i, c := range m.active {
		rate := min(c.demand, left/float64(len(m.active)-i))
		left -= rate
		if c.stale || rate != c.rate {
			c.settle(m.now)
			c.rate, c.stale = rate, false
			c.next = c.due()
		}
		m.nextCPU = min(m.nextCPU, c.next)
	}
}
