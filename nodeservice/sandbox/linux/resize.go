package linux

import (
	"fmt"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/linux/cgroup"
)

// Resize sets the memory limit and the CPU quota. The container may be frozen, and
// stays so: that the kernel takes file pages from it does not take its processes.
//
// With v1 the kernel refuses a limit below what it cannot reclaim. With v2 it would
// kill instead, so that what is in use is looked at before; what a container
// takes in that instant is at its own risk.
func (c *container) Resize(memory int64) error {
	if err := c.resize(memory); err != nil {
		return fmt.Errorf("resize container %s: %w", c.called(), err)
	}
	return nil
}

func (c *container) resize(memory int64) error {
	c.sizing.Lock()
	defer c.sizing.Unlock()
	before := cgroup.Limits{Memory: c.memory.Load(), CPU: c.cpu}
	after := c.size(memory)
	used, err := c.Usage()
	if err != nil {
		return err
	}
	if used.Memory > after.Memory {
		return fmt.Errorf("%w: it uses %d MiB, and was to have %d", sandbox.ErrInUse, used.Memory>>20, after.Memory>>20)
	}
	if c.group != nil {
		err = c.group.Set(after)
	}
	switch {
	case err == nil:
		c.memory.Store(after.Memory)
		c.cpu = after.CPU
		return nil
	case c.dead():
		return sandbox.ErrLost
	}
	_ = c.group.Set(before) // of two limits one may have been set
	if after.Memory < before.Memory {
		return fmt.Errorf("%w: %w", sandbox.ErrInUse, err)
	}
	return err
}
