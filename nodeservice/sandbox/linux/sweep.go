package linux

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/minifaas/minifaas/nodeservice/sandbox/linux/cgroup"
)

// Sweep removes what a node that was killed has left: its cgroups, after the
// processes in them, and its folders. New does the same for its own node; Sweep
// is for a node that is not to start again. A node that lives is an error, and
// nothing there is none. An empty cgroupParent means the default.
func Sweep(stateDir, cgroupParent, name string) error {
	if !plainName.MatchString(name) {
		return fmt.Errorf("sweep: %q is not a node's name", name)
	}
	setDefault(&cgroupParent, "minifaas")
	nodePath := filepath.Join(cgroupParent, name)
	held, err := takeLock(stateDir, nodePath)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("sweep: %w", err)
	}
	err = sweep(stateDir, nodePath)
	if held != nil {
		err = errors.Join(err, held.release())
		_ = os.Remove(stateDir)
	}
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	if host, err := cgroup.Open(cgroupParent); err == nil {
		host.RemoveIfEmpty(cgroupParent)
	}
	return nil
}

// sweep is Sweep for whoever holds the lock.
func sweep(stateDir, nodePath string) error {
	host, err := cgroup.Open(filepath.Dir(nodePath))
	if err == nil {
		err = host.Destroy(nodePath)
	} else if errors.Is(err, cgroup.ErrUnavailable) {
		err = nil
	}
	faults := []error{err}
	for _, folder := range contents(stateDir) {
		faults = append(faults, os.RemoveAll(folder))
	}
	return errors.Join(faults...)
}
