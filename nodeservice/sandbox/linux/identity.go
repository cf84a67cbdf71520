package linux

import (
	"cmp"
	"fmt"
	"os"
	"time"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// reserve takes c's id, and a user id of its own: the lowest that is free.
func (r *Runtime) reserve(c *container) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	if r.ids[c.id] {
		return fmt.Errorf("id %q is in use", c.id)
	}
	c.uid = r.cfg.UIDBase
	for r.users[c.uid] {
		c.uid++
	}
	if c.uid >= r.cfg.UIDBase+r.cfg.UIDs { // the next may be another node's
		return fmt.Errorf("all %d user ids of this node are in use: remove containers, or use more nodes", r.cfg.UIDs)
	}
	if err := c.house.join(c); err != nil {
		return err
	}
	r.users[c.uid] = true
	r.ids[c.id] = true
	return nil
}

// add makes a container known whose agent has started.
func (r *Runtime) add(c *container) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.containers[c] = true
	if r.closed {
		return ErrClosed
	}
	return nil
}

// rename gives a container from the pool the id that was asked for, and the account. It keeps the
// id under which it was made, as its cgroup is named by that.
func (r *Runtime) rename(c *container, spec sandbox.Spec) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ids[spec.ID] {
		return fmt.Errorf("id %q is in use", spec.ID)
	}
	if !r.containers[c] {
		return fmt.Errorf("%w while it waited", sandbox.ErrLost)
	}
	r.ids[spec.ID] = true
	c.name, c.account = spec.ID, spec.Function.Name.Account
	return nil
}

// called is what the container is called outside.
func (c *container) called() string {
	c.runtime.mu.Lock()
	defer c.runtime.mu.Unlock()
	return cmp.Or(c.name, c.id)
}

// tenant is the account whose function it is for, or will be; empty as long as nobody knows.
func (c *container) tenant() string {
	c.runtime.mu.Lock()
	defer c.runtime.mu.Unlock()
	return c.account
}

// forget undoes reserve, rename and add; spent is the CPU time that it took.
func (r *Runtime) forget(c *container, spent time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leave(c)
	delete(r.ids, c.id)
	delete(r.ids, c.name)
	delete(r.containers, c)
	r.spent += spent
}

// makeFolder makes the folder that, without namespaces, is all that the sandbox can write to.
func (r *Runtime) makeFolder(id string, uid int) (string, error) {
	if r.namespaces {
		return "", nil
	}
	folder := r.state.container(id)
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", fmt.Errorf("make container's folder: %w", err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(folder, uid, uid); err != nil {
			return "", fmt.Errorf("make container's folder: %w", err)
		}
	}
	return folder, nil
}

// hostname is the container's id, as far as the kernel takes it.
func hostname(id string) string { return id[:min(len(id), 64)] }
