package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/minifaas/minifaas/bench/manifest"
	"github.com/minifaas/minifaas/bench/trace"
)

// declareSimulated writes a manifest of the workload's functions into folder, as
// simulated nodes take them.
func declareSimulated(workload *trace.Workload, folder string) (notes []string, err error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	declarations, notes := manifest.Simulated(workload)
	file, err := os.Create(filepath.Join(folder, "functions.yaml"))
	if err != nil {
		return nil, err
	}
	return notes, errors.Join(manifest.Write(file, declarations), file.Close())
}
