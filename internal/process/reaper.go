package process

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// orphanGrace is how long a dead child that this package did not start is left
// alone: os/exec may be about to wait for it. A zombie costs next to nothing.
const orphanGrace = time.Second

// ReapOrphans makes this process the parent of all descendants whose own
// parent has died, and collects them when they die, until ctx ends. Exits that
// somebody else in this process waits for are not stolen: children started by
// this package are never touched, others only when they have been dead for a
// second. Call it once, before the first child is started.
func ReapOrphans(ctx context.Context) error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("become subreaper: %w", err)
	}
	dead := make(chan os.Signal, 1)
	signal.Notify(dead, unix.SIGCHLD)
	defer signal.Stop(dead)

	seen := map[Identity]time.Time{}
	for {
		var again <-chan time.Time
		if seen = reapOld(seen, time.Now()); len(seen) > 0 {
			again = time.After(orphanGrace)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-dead:
		case <-again:
		}
	}
}

// reapOld reaps the orphans that have been dead for the grace and returns the
// others, with the time when each was seen first.
func reapOld(seen map[Identity]time.Time, now time.Time) map[Identity]time.Time {
	left := map[Identity]time.Time{}
	for _, id := range zombies() {
		since, known := seen[id]
		switch {
		case !known:
			left[id] = now
		case now.Sub(since) < orphanGrace:
			left[id] = since
		default:
			// Nobody's: a registered child would not have been listed.
			_, _ = unix.Wait4(id.PID, nil, unix.WNOHANG, nil)
		}
	}
	return left
}

// zombies lists the dead children of this process that it did not start.
func zombies() []Identity {
	children.mu.Lock()
	defer children.mu.Unlock()
	proc, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer func() { _ = proc.Close() }()
	names, _ := proc.Readdirnames(-1)
	self := os.Getpid()
	var ids []Identity
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || children.own[pid] {
			continue
		}
		if st, err := readStat(pid); err == nil && st.parent == self && st.state == 'Z' {
			ids = append(ids, Identity{PID: pid, Start: st.start})
		}
	}
	return ids
}
