package wasm

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minifaas/minifaas/containerservice/runtime"
)

// TestDocument: the examples of docs/wasm.md, built as it says, do what it says.
func TestDocument(t *testing.T) {
	built(t, "c.wasm") // skips where there is no compiler
	text, err := os.ReadFile("../../../docs/wasm.md")
	if err != nil {
		t.Fatal(err)
	}
	var sources, commands []string
	for i, block := range strings.Split(string(text), "```") {
		if source, ok := strings.CutPrefix(block, "c\n"); ok && i%2 == 1 {
			sources = append(sources, source)
		}
		if command, ok := strings.CutPrefix(block, "sh\nclang"); ok && i%2 == 1 {
			command, _, _ = strings.Cut(command, "\n")
			command, _, _ = strings.Cut(command, "#")
			commands = append(commands, "clang"+command)
		}
	}
	if len(sources) != 2 || len(commands) != 2 {
		t.Fatalf("%d examples and %d commands, want 2 each", len(sources), len(commands))
	}
	for i, want := range []string{"hello, minifaas", "MINIFAAS"} {
		f := runtime.Function{CodeDir: t.TempDir(), Memory: 64 << 20, LogLimit: 1000}
		if err := os.WriteFile(filepath.Join(f.CodeDir, "main.c"), []byte(sources[i]), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("sh", "-c", commands[i])
		cmd.Dir = f.CodeDir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", commands[i], err, out)
		}
		start(t, f).answers(t, "minifaas", want)
	}
}
