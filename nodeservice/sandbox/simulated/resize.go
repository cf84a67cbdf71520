package simulated

import (
	"fmt"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// Resize sets the memory limit and the CPU quota. What runs goes on with the new ones.
func (c *live) Resize(memory int64) error {
	r := c.runtime
	r.mu.Lock()
	defer r.mu.Unlock()
	u, ok := r.model.Usage(r.now(), c.model)
	if !ok {
		return fmt.Errorf("resize container %s: %w", c.id, sandbox.ErrLost)
	}
	resized := r.model.Resize(r.now(), c.model, memory)
	r.settle()
	if !resized {
		return fmt.Errorf("resize container %s: %w: it uses %d MiB, and was to have %d", c.id, sandbox.ErrInUse, u.Memory>>20, memory>>20)
	}
	return nil
}

// Frozen is false: the model has containers take no CPU while they are idle anyway.
func (*live) Frozen() bool { return false }
