package linux

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/sandboxtest"
)

// BenchmarkCreate makes and kills containers of a small native function, one after the other.
func BenchmarkCreate(b *testing.B) {
	for name, egress := range map[string]bool{"None": false, "Egress": true} {
		b.Run(name, func(b *testing.B) { benchmarkCreate(b, egress) })
	}
}

func benchmarkCreate(b *testing.B, egress bool) {
	r, spec := benchmarkRuntime(b)
	spec.Function.Egress = egress
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		spec.ID = fmt.Sprint("c", i)
		begin := time.Now()
		c, err := r.Create(b.Context(), spec)
		took = append(took, time.Since(begin))
		if err != nil {
			b.Fatal(err)
		}
		if err := c.Kill(); err != nil {
			b.Fatal(err)
		}
	}
	report(b, took)
}

// BenchmarkInvoke is a warm call of a function that does nothing.
func BenchmarkInvoke(b *testing.B) {
	r, spec := benchmarkRuntime(b)
	spec.ID, spec.Memory = "c", 2<<30
	c, err := r.Create(b.Context(), spec)
	if err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	for b.Loop() {
		begin := time.Now()
		if _, err := c.Invoke(b.Context(), sandbox.Invocation{RequestID: "r", Event: []byte("{}"), Timeout: time.Minute}); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begin))
	}
	report(b, took)
}

func BenchmarkUsage(b *testing.B) {
	r, spec := benchmarkRuntime(b)
	spec.ID = "c"
	c, err := r.Create(b.Context(), spec)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := c.Usage(); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkRuntime(b *testing.B) (*Runtime, sandbox.Spec) {
	b.Helper()
	r := newRuntime(b, nil)
	return r, sandbox.Spec{Function: sandboxtest.Build(b).Function(), Memory: 256 << 20}
}

func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/10])/1e3, "p10-µs")
	b.ReportMetric(float64(took[len(took)/2])/1e3, "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100])/1e3, "p99-µs")
}
