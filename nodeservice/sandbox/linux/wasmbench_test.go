package linux

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/sandboxtest"
)

// BenchmarkColdWasm is the time from Create to the first answer of a module that
// has been compiled before, next to the bare exec of a static program in C.
func BenchmarkColdWasm(b *testing.B) {
	programs := sandboxtest.Build(b)
	inC := programs.Module(b)
	inGo := inC
	inGo.Name.Function, inGo.Handler, inGo.Code = "go", "go.wasm", b.TempDir()
	static := filepath.Join(b.TempDir(), "static")
	for _, args := range [][]string{
		{"go", "build", "-o", filepath.Join(inGo.Code, inGo.Handler), "../../../containerservice/runtime/wasm/testdata/command"},
		{"clang", "-O2", "-static", "-o", static, "../sandboxtest/testdata/probe.c"},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	r := newRuntime(b, nil)
	for name, f := range map[string]sandbox.Spec{"c": {Function: inC}, "go": {Function: inGo}} {
		f.Memory = 256 << 20
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				f.ID = fmt.Sprint(name, i)
				begun := time.Now()
				c, err := r.Create(b.Context(), f)
				if err != nil {
					b.Fatal(err)
				}
				res, err := c.Invoke(b.Context(), sandbox.Invocation{Event: []byte("{}"), Timeout: long})
				took = append(took, time.Since(begun))
				if err != nil || res.Error != nil {
					b.Fatal(err, res.Error)
				}
				if err := c.Kill(); err != nil {
					b.Fatal(err)
				}
			}
			report(b, took[min(1, len(took)-1):]) // the first has compiled it
		})
	}
	b.Run("exec", func(b *testing.B) {
		var took []time.Duration
		for b.Loop() {
			begun := time.Now()
			if out, err := exec.Command(static).CombinedOutput(); err != nil {
				b.Fatalf("%v: %s", err, out)
			}
			took = append(took, time.Since(begun))
		}
		report(b, took)
	})
}
