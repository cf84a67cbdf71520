package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/opencontainers/cgroups"
)

const procs = "cgroup.procs"

// killWait is how long killed processes may take to be gone. One in an
// uninterruptible wait (a dead network disk) could take for ever.
const killWait = 5 * time.Second

// Kill sends SIGKILL to every process of the group until there is none. The
// caller's own process is spared: with v1 one of its threads may have gone in by a door.
func (g *Group) Kill() error {
	if err := g.Thaw(); err != nil {
		return err
	}
	for _, dir := range g.paths {
		if err := killAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// Remove removes the group, waiting for processes that are about to vanish.
func (g *Group) Remove() error {
	for _, dir := range g.paths {
		if err := cgroups.RemovePath(dir); err != nil {
			return fmt.Errorf("remove cgroup: %w", err)
		}
	}
	return nil
}

// Destroy kills all that runs in the group of that path and those below, and
// removes them. A group that is not there is no error.
func (h *Host) Destroy(path string) error {
	dirs := h.paths(path)
	if err := h.thawAll(dirs); err != nil {
		return fmt.Errorf("destroy cgroup %s: %w", path, err)
	}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(below string, entry fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, os.ErrNotExist):
				return nil
			case err != nil:
				return err
			case entry.IsDir():
				return killAll(below)
			}
			return nil
		})
		if err == nil {
			err = cgroups.RemovePath(dir)
		}
		if err != nil {
			return fmt.Errorf("destroy cgroup %s: %w", path, err)
		}
	}
	return nil
}

// RemoveIfEmpty removes the group of that path unless there are others in it.
func (h *Host) RemoveIfEmpty(path string) {
	for _, dir := range h.paths(path) {
		_ = syscall.Rmdir(dir)
	}
}

func killAll(dir string) error {
	// The v2 way is atomic: a fork bomb cannot outrun it.
	_ = os.WriteFile(filepath.Join(dir, "cgroup.kill"), []byte("1"), 0)
	delay := time.Millisecond
	for deadline := time.Now().Add(killWait); ; {
		pids, err := words(filepath.Join(dir, procs))
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("kill processes: %w", err)
		}
		left := 0
		for _, word := range pids {
			// 0 is a process of another pid namespace: not ours to name, and kill(0) would be our own group.
			if pid, err := strconv.Atoi(word); err == nil && pid > 1 && pid != os.Getpid() {
				_ = syscall.Kill(pid, syscall.SIGKILL)
				left++
			}
		}
		if left == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("kill processes: %d are left in %s after %v", left, dir, killWait)
		}
		time.Sleep(delay)
		delay = min(2*delay, 50*time.Millisecond)
	}
}
