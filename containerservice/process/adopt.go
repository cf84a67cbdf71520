package process

import (
	"fmt"
	"os"
	"strconv"
)

// Adopt makes a process that somebody else has put into the sandbox one of those
// that were started. It must lead its process group and be our child, as one of
// our pid namespace is whose parent there has ended. What it leaves behind
// carries no mark.
func Adopt(pid int) (*Process, error) {
	p, err := children.adopt(pid)
	if err != nil {
		return nil, err
	}
	preferForOOM(pid)
	return p, nil
}

func (t *table) adopt(pid int) (*Process, error) {
	t.begin()
	t.mu.Lock()
	defer t.mu.Unlock()
	// The reaper waits for the lock, so the number is no other child's yet.
	if parent(strconv.Itoa(pid)) != os.Getpid() {
		return nil, fmt.Errorf("adopt process %d: it has ended, or is not a child", pid)
	}
	t.adopted = true
	return t.add(pid, ""), nil
}
