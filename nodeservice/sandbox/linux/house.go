package linux

import (
	"fmt"
	"runtime"
	"time"

	"go.uber.org/zap"

	"github.com/minifaas/minifaas/internal/spawn"
)

// house is where a function's zygote and the sandboxes live that its forks can enter. They
// share a helper, which is the first of a pid namespace of theirs: a process enters only
// what is below its own, and sees nothing else. The user namespaces of the sandboxes belong to
// the host's user as whom the zygote runs, which gives it, and nobody else, the right to enter.
type house struct {
	spawner *spawn.Spawner
	// owner is that user. Runtime.mu guards it, and those below.
	owner int
	// users are those of all that have lived here. They are nobody else's before it is over: a
	// process that a fork has left elsewhere in the house may still be one of theirs.
	users   []int
	members int
	over    bool
}

// mostBirths is how many sandboxes a house has before the zygote is replaced: they hold on to
// as many users.
const mostBirths = 100

// join lets a container in; the first one is the zygote. mu is held.
func (h *house) join(c *container) error {
	if h == nil {
		return nil
	}
	if h.over {
		return errNoWorker
	}
	if h.members == 0 {
		h.owner = c.uid
		c.runtime.inhabited[h] = true
	}
	h.members++
	h.users = append(h.users, c.uid)
	return nil
}

// leave gives back what the last one leaves: the helper, and the users. mu is held.
func (r *Runtime) leave(c *container) {
	h := c.house
	if h == nil {
		delete(r.users, c.uid)
		return
	}
	if h.members--; h.members == 0 {
		h.over = true
		delete(r.inhabited, h)
		r.houses.Go(func() {
			h.spawner.Close()
			r.mu.Lock()
			defer r.mu.Unlock()
			for _, user := range h.users {
				delete(r.users, user) // nothing runs as that user any more
			}
		})
	}
}

// closeHouses ends all helpers, and does not wait: one may hang over what its zygote has stopped,
// and others over that one. The runtime is closed.
func (r *Runtime) closeHouses() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for h := range r.inhabited {
		r.houses.Go(h.spawner.Close)
	}
}

// worn: its zygote is to be replaced.
func (r *Runtime) worn(h *house) bool {
	if h == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return h.over || len(h.users) > mostBirths
}

// mostDebris is what the kernel may still hold of a dead container's memory, in bytes, when it
// had time to settle: of an ordinary one 0.1 MiB after 20 ms, and what each CPU has in store.
var mostDebris = int64(runtime.NumCPU()+1) * (256 << 10)

const settleTime = time.Second

// checkDebris ends the house of a dead container whose memory others keep alive, by files that
// its processes have passed on: it counts against no limit once the cgroup is removed.
func (c *container) checkDebris() {
	if c.house == nil || c.zygote() || c.group == nil {
		return
	}
	for wait := time.Millisecond; ; wait *= 2 {
		held, err := c.group.Held()
		if err != nil || held <= mostDebris {
			return
		}
		if wait > settleTime {
			c.house.end(c.runtime, fmt.Errorf("%d bytes of container %s are kept alive", held, c.called()))
			return
		}
		if wait > settleTime/8 {
			c.group.Reclaim(held) // files' names, which nobody keeps
		}
		time.Sleep(wait)
	}
}

// end kills all that live there, frozen ones too.
func (h *house) end(r *Runtime, why error) {
	r.log.Error("a function's zygote is of ill will: it is killed, and all that it shares a house with", zap.Error(why))
	r.mu.Lock()
	h.over = true
	var members []*container
	for c := range r.containers {
		if c.house == h && !c.dead() {
			members = append(members, c)
		}
	}
	r.mu.Unlock()
	for _, c := range members {
		c.die(cause{text: "its function's zygote was of ill will"})
	}
	h.spawner.Close()
}

// spawner starts the container's agent.
func (c *container) spawner() *spawn.Spawner {
	if c.house != nil {
		return c.house.spawner
	}
	return c.runtime.spawner
}

// namespaceOwner is the user to whom the sandbox's user namespace belongs; 0 is root.
func (c *container) namespaceOwner() int {
	if c.house == nil || c.zygote() {
		return 0
	}
	return c.house.owner
}

// zygote: it is a function's zygote, which has no user namespace of its own.
func (c *container) zygote() bool { return c.house != nil && c.uid == c.house.owner }
