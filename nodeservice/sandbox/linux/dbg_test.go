package linux

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

func TestDbg(t *testing.T) {
	if os.Getenv("P") != "" {
		environment[3] = "GOMAXPROCS=" + os.Getenv("P")
	}
	r := newRuntime(t, nil)
	n := 0
	for i := range 30 {
		code := t.TempDir()
		write(t, filepath.Join(code, "fn.sh"), "#!/bin/sh\nsleep 100\n", 0o755)
		f := codeOf(code)
		f.Runtime = function.Binary
		c, err := r.Create(t.Context(), sandbox.Spec{ID: fmt.Sprint("c", i), Function: f, Memory: 128 << 20})
		if err != nil {
			t.Fatal(err)
		}
		b := time.Now()
		c.Invoke(t.Context(), sandbox.Invocation{RequestID: "r", Event: []byte("{}"), Timeout: 200 * time.Millisecond})
		if time.Since(b) > time.Second {
			n++
		}
		c.Kill()
	}
	t.Log("hangs", n)
}
