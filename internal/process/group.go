package process

import (
	"context"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// StopGroup is Stop for all processes of the group: each is asked to end, and
// those that are left when ctx ends are killed, also where the leader, such as a
// shell, is dead long before. It returns when all are. p must be from Start.
func (p *Process) StopGroup(ctx context.Context) error {
	p.mu.Lock()
	if !p.reaped {
		p.patience = ctx.Done()
		_ = unix.Kill(-p.id.PID, unix.SIGTERM)
	}
	p.mu.Unlock()
	return p.await(ctx)
}

// awaitGroup returns when no process of the group runs, or when the patience of
// StopGroup is over; at once when nobody called that. The leader must not be reaped yet.
func (p *Process) awaitGroup() {
	const interval = 10 * time.Millisecond
	p.mu.Lock()
	patience := p.patience
	p.mu.Unlock()
	if patience == nil {
		return
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for groupRuns(p.id.PID) {
		select {
		case <-patience:
			return
		case <-tick.C:
		}
	}
}

// groupRuns reports whether a process of the group is alive. A signal 0 to the group
// does not tell: the dead that nobody has waited for take it, too.
func groupRuns(group int) bool {
	proc, err := os.Open("/proc")
	if err != nil {
		return false
	}
	defer func() { _ = proc.Close() }()
	names, _ := proc.Readdirnames(-1)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if pgid, err := unix.Getpgid(pid); err != nil || pgid != group {
			continue
		}
		if st, err := readStat(pid); err == nil && st.state != 'Z' && st.state != 'X' {
			return true
		}
	}
	return false
}
