package wasm

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/minifaas/minifaas/containerservice/runtime"
)

// The loops of testdata/reactor.c.

func xorshift(turns int) uint64 {
	x := uint64(88172645463325252)
	for range turns {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

func sieve(n int) (count uint64) {
	composite := make([]bool, n)
	for i := 2; i < n; i++ {
		if composite[i] {
			continue
		}
		count++
		for j := 2 * i; j < n; j += i {
			composite[j] = true
		}
	}
	return count
}

var loops = map[string]struct {
	event  string
	native func() uint64
}{
	"xorshift": {"x", func() uint64 { return xorshift(2_000_000) }},
	"sieve":    {"p", func() uint64 { return sieve(1_000_000) }},
}

func TestLoopsAgree(t *testing.T) {
	p := shared(t, "c-reactor.wasm")
	for name, l := range loops {
		if got, want := binary.LittleEndian.Uint64(p.invoke(t, l.event).Body), l.native(); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
}

// BenchmarkLoop compares, turn by turn, a loop in a module in C with the same in
// native Go, and reports the ratio of their best times, as the machine's other work spoils the rest.
func BenchmarkLoop(b *testing.B) {
	p := shared(b, "c-reactor.wasm")
	for name, l := range loops {
		b.Run(name, func(b *testing.B) {
			module, native := time.Hour, time.Hour
			for b.Loop() {
				begun := time.Now()
				r, err := p.Invoke(b.Context(), runtime.Call{Event: []byte(l.event), Timeout: long})
				middle := time.Now()
				if err != nil || r.Error != nil {
					b.Fatal(err, r.Error)
				}
				sink = l.native()
				module, native = min(module, middle.Sub(begun)), min(native, time.Since(middle))
			}
			b.ReportMetric(float64(module.Microseconds()), "module-µs")
			b.ReportMetric(float64(native.Microseconds()), "native-µs")
			b.ReportMetric(float64(module)/float64(native), "ratio")
		})
	}
}

var sink uint64
