package cgroup

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// WatchOOM returns a file that becomes readable when the group has run out of
// memory. It is nil where that is not needed: with v2 the kernel kills the
// whole group, so that its first process says it. With v1 it kills one process,
// and leaves the rest to us. The caller closes it.
func (g *Group) WatchOOM() (*os.File, error) {
	dir := g.paths["memory"]
	if g.host.v2 || dir == "" {
		return nil, nil
	}
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("watch memory: %w", err)
	}
	event := os.NewFile(uintptr(fd), "oom")
	control, err := os.Open(filepath.Join(dir, "memory.oom_control"))
	if err == nil {
		defer control.Close()
		err = os.WriteFile(filepath.Join(dir, "cgroup.event_control"), fmt.Appendf(nil, "%d %d", fd, control.Fd()), 0)
	}
	if err != nil {
		event.Close()
		return nil, fmt.Errorf("watch memory: %w", err)
	}
	return event, nil
}
