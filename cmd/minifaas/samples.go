package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/minifaas/minifaas/bench/functions"
)

// compiledSamples are the sample functions that make build compiles.
var compiledSamples = []string{"hello", "load-native"}

// writeSamples lays out the sample functions in a folder, ready to be served.
func writeSamples(folder string) error {
	if err := os.CopyFS(folder, functions.FS); err != nil {
		return fmt.Errorf("write sample functions: %w", err)
	}
	for _, name := range compiledSamples {
		program, err := embedded.ReadFile("embedded/" + name)
		if err != nil {
			return fmt.Errorf("this minifaas was built without the sample %s: build it with make build", name)
		}
		if err := os.WriteFile(filepath.Join(folder, name, name), program, 0o755); err != nil {
			return fmt.Errorf("write sample functions: %w", err)
		}
	}
	// Files of an embedded folder come without their mode.
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".sh" {
			return err
		}
		return os.Chmod(path, 0o755)
	})
}
