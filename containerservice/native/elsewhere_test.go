package native_test

import (
	"os"
	"os/exec"
	"testing"
)

// TestBuildsElsewhere: a function is often written, and its own tests run, on another system
// than that which it is to run on.
func TestBuildsElsewhere(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the standard library")
	}
	c := exec.Command("go", "build", ".")
	c.Env = append(os.Environ(), "GOOS=darwin", "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("go build for macOS: %v\n%s", err, out)
	}
}
