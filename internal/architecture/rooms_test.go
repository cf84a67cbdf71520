package architecture

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRoomsAreNamed: docs/architecture.md says of each package that services share what it is for.
func TestRoomsAreNamed(t *testing.T) {
	root := filepath.Join("..", "..")
	page, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, row, _ := strings.Cut(string(page), "\n| `internal` |")
	row, _, _ = strings.Cut(row, "\n")
	rooms, err := os.ReadDir(filepath.Join(root, "internal"))
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range rooms {
		if !strings.Contains(row, "`"+room.Name()+"`") {
			t.Errorf("internal/%s is not in the row of internal", room.Name())
		}
	}
}
