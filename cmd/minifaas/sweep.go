package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/minifaas/minifaas/internal/process"
	"github.com/minifaas/minifaas/nodeservice/sandbox/linux"
)

// markEnv names the variable by which the platform's processes are known when
// the one that supervised them was killed.
const markEnv = "MINIFAAS_PLATFORM"

func (p *platform) mark() (string, error) { return filepath.Abs(p.cfg.sandbox.StateDir) }

// sweep ends and removes what is left of processes, nodes and containers that
// nobody has stopped.
func (p *platform) sweep() error {
	mark, err := p.mark()
	if err == nil {
		err = sweepState(p.cfg.sandbox.StateDir, p.cfg.sandbox.CgroupParent, mark)
	}
	if err != nil {
		return fmt.Errorf("clean up after an earlier platform: %w", err)
	}
	return nil
}

// sweepState is sweep for a state folder, and the processes with that mark.
func sweepState(state, cgroupParent, mark string) error {
	if err := process.KillMarked(markEnv, func(value string) bool { return value == mark }); err != nil {
		return err
	}
	nodes, err := os.ReadDir(filepath.Join(state, "nodes"))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	faults := []error{err}
	for _, node := range nodes {
		faults = append(faults, linux.Sweep(nodeDir(state, node.Name()), cgroupParent, node.Name()))
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	for _, folder := range []string{"bin", "nodes", "pool", "run"} { // bin: every version has an agent of its own
		faults = append(faults, os.RemoveAll(filepath.Join(state, folder)))
	}
	return errors.Join(faults...)
}
