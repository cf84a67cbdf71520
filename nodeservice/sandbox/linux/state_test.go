package linux

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// TestAgentsInClosedFolder: agents run from where other users have no access, one for all runtimes
// or two of the same name; the copies are closed to other users' eyes.
func TestAgentsInClosedFolder(t *testing.T) {
	closed := t.TempDir()
	copied := func(folder, from string) string {
		t.Helper()
		program, err := os.ReadFile(from)
		if err == nil {
			err = os.MkdirAll(filepath.Join(closed, folder), 0o700)
		}
		path := filepath.Join(closed, folder, "agent")
		if err == nil {
			err = os.WriteFile(path, program, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	cfg := testConfig(t)
	lean, full := copied("lean", cfg.AgentPath), copied("full", cfg.FullAgentPath)
	for name, paths := range map[string][2]string{"one": {full, full}, "two": {lean, full}} {
		r := newRuntime(t, func(c *Config) { c.AgentPath, c.FullAgentPath = paths[0], paths[1] })
		f := testFunction(t, name, function.Binary, "main.sh", map[string]string{"main.sh": "#!/bin/sh\necho fine\n"})
		c := createFunction(t, r, sandbox.Spec{ID: name, Function: f, Memory: 64 << 20})
		if got := answer(t, c); got != "fine\n" {
			t.Errorf("%s: answer %q", name, got)
		}
		if info, err := os.Stat(r.agent); os.Geteuid() == 0 && (err != nil || info.Mode().Perm() != 0o711) {
			t.Errorf("%s: its mode is %v, %v; want 0711", name, info.Mode(), err)
		}
	}
}
