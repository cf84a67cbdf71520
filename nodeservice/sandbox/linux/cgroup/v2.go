package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/opencontainers/cgroups/fs2"
)

const initLeaf = "minifaas-init"

// openV2 chooses the base: the whole hierarchy where we may write to it, else
// the group that we are in, if it was delegated to us.
func (h *Host) openV2() error {
	if !writable(fs2.UnifiedMountpoint) {
		own, err := ownV2()
		if err != nil {
			return err
		}
		h.base = own
	}
	dir := filepath.Join(fs2.UnifiedMountpoint, h.base)
	if !writable(dir) {
		return fmt.Errorf("%w: %s is read-only for this user", ErrUnavailable, dir)
	}
	return enable(dir)
}

// enable hands the controllers down to the children of dir. One that dir does
// not have itself is no error here: Open finds out.
func enable(dir string) error {
	for _, c := range controllers {
		err := enableOne(dir, c)
		if errors.Is(err, syscall.EBUSY) {
			if err := evacuate(dir); err != nil {
				return err
			}
			_ = enableOne(dir, c)
		}
	}
	return nil
}

func enableOne(dir, controller string) error {
	return os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+controller), 0)
}

// evacuate moves dir's processes into a leaf.
func evacuate(dir string) error {
	leaf := filepath.Join(dir, initLeaf)
	if err := os.Mkdir(leaf, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("make leaf: %w", err)
	}
	pids, err := words(filepath.Join(dir, procs))
	if err != nil {
		return fmt.Errorf("list processes: %w", err)
	}
	for _, pid := range pids {
		err := os.WriteFile(filepath.Join(leaf, procs), []byte(pid), 0)
		if err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("move process %s into %s: %w", pid, leaf, err)
		}
	}
	return nil
}

func ownV2() (string, error) {
	lines, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(lines)) {
		if path, ok := strings.CutPrefix(line, "0::"); ok {
			// After evacuate, the base is one up.
			return strings.TrimSuffix(strings.TrimSpace(path), "/"+initLeaf), nil
		}
	}
	return "", fmt.Errorf("%w: /proc/self/cgroup names none of version 2", ErrUnavailable)
}

func writable(dir string) bool { return syscall.Access(dir, 2) == nil }
