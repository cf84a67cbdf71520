package wasm

import (
	"fmt"
	"testing"

	"github.com/minifaas/minifaas/containerservice/runtime"
)

// BenchmarkStart loads a module from its compiled form.
func BenchmarkStart(b *testing.B) {
	for _, file := range []string{"c.wasm", "command.wasm"} {
		b.Run(file, func(b *testing.B) {
			f := function(b, file)
			f.Compiled = compiled(b, f)
			for b.Loop() {
				start(b, f).close()
			}
		})
	}
}

// BenchmarkInvoke is an invocation that does nothing, in an instance of its own as all are.
func BenchmarkInvoke(b *testing.B) {
	for _, file := range []string{"c.wasm", "c-reactor.wasm", "command.wasm", "reactor.wasm"} {
		b.Run(file, func(b *testing.B) {
			p := shared(b, file)
			for b.Loop() {
				if r, err := p.Invoke(b.Context(), runtime.Call{Event: []byte("echo\n"), Timeout: long}); err != nil || r.Error != nil {
					b.Fatal(err, r.Error)
				}
			}
		})
	}
}

// BenchmarkSnapshot is an invocation of a module whose initialisation fills 3 MiB, which
// the call reads, and of one in Go, whose runtime starts: with a snapshot and without.
func BenchmarkSnapshot(b *testing.B) {
	for _, file := range []string{"snapshot.wasm", "reactor.wasm"} {
		for _, with := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/snapshot=%v", file, with), func(b *testing.B) {
				f := function(b, file)
				f.Snapshot, f.LoadTimeout = with, long
				p := start(b, f)
				defer p.close()
				for b.Loop() {
					if r, err := p.Invoke(b.Context(), runtime.Call{Event: []byte("x"), Timeout: long}); err != nil || r.Error != nil {
						b.Fatal(err, r.Error)
					}
				}
			})
		}
	}
}
