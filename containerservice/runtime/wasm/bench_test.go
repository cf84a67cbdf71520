package wasm

import (
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
