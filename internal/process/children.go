package process

import (
	"os/exec"
	"sync"
)

// children are the processes that this package has started and will wait for.
// They are global because a process has one set of children, whoever asks.
var children = registry{own: map[int]bool{}}

type registry struct {
	mu  sync.Mutex // guards own; held over a fork, so that no child is ever seen unregistered
	own map[int]bool
}

func (r *registry) start(cmd *exec.Cmd) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := cmd.Start(); err != nil {
		return err
	}
	r.own[cmd.Process.Pid] = true
	return nil
}

func (r *registry) forget(pid int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.own, pid)
}
