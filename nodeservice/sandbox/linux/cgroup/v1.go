package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/opencontainers/cgroups"
)

// openV1 finds the hierarchies of the controllers. cpuacct only counts, but where it is
// a hierarchy of its own, that is where the CPU time is; freezer only freezes.
func (h *Host) openV1() error {
	h.v1 = map[string]string{}
	for _, name := range append(slices.Clone(controllers), "cpuacct", freezer) {
		if _, err := cgroups.FindCgroupMountpoint("", name); err != nil {
			if slices.Contains(controllers, name) {
				h.missing = append(h.missing, name)
			}
			continue
		}
		home, err := cgroups.GetOwnCgroupPath(name)
		if err != nil {
			return fmt.Errorf("find own %s cgroup: %w", name, err)
		}
		h.v1[name] = home
	}
	if len(h.v1) == 0 {
		return fmt.Errorf("%w: none is mounted", ErrUnavailable)
	}
	return nil
}

// Enter puts the calling thread into the group, so that a process which it
// starts is born there; leave puts it back. The goroutine must be locked to its
// thread. With v2 it does nothing: see Folder.
//
// Moving a process instead would take a lock that stops every fork and exit of
// the host for an RCU grace period, up to tens of milliseconds; a thread that
// moves itself does not need it.
func (g *Group) Enter() (leave func() error, err error) {
	if g.host.v2 {
		return func() error { return nil }, nil
	}
	home := func() error {
		var first error
		for name, dir := range g.host.v1 {
			if err := moveThread(dir); err != nil && first == nil {
				first = fmt.Errorf("leave %s cgroup: %w", name, err)
			}
		}
		return first
	}
	for name, dir := range g.paths {
		if err := moveThread(dir); err != nil {
			_ = home()
			return nil, fmt.Errorf("enter %s cgroup: %w", name, err)
		}
	}
	return home, nil
}

// moveThread moves the calling thread: 0 means the writer.
func moveThread(dir string) error {
	return os.WriteFile(filepath.Join(dir, "tasks"), []byte("0"), 0)
}
