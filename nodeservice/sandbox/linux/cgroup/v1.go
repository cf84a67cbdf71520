package cgroup

import (
	"fmt"
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
