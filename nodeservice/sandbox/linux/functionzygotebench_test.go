package linux

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// BenchmarkSnapshot makes containers of a Python function whose initialisation takes half
// a second, up to their first answer: the first one, those whose worker its zygote forks
// into a sandbox that is made for it, and those that find such a sandbox waiting.
func BenchmarkSnapshot(b *testing.B) {
	r := newRuntime(b, func(c *Config) { c.Ready, c.ReadyShare = 1, 1 })
	if r.pool == nil {
		b.Skip("no zygotes without root and namespaces")
	}
	var first, scratch, pooled []time.Duration
	for i := 0; b.Loop(); i++ {
		f := snapshotted(b, "import json, time\ntime.sleep(0.5)\ndef handler(e, c): return 'fine'\n")
		f.Name.Function = fmt.Sprint("f", i)
		spec := sandbox.Spec{ID: fmt.Sprint("c", i), Function: f, Memory: 128 << 20}
		r.fillPool(b.Context(), spec)
		first = append(first, timed(b, r, spec.ID+"-first", f))
		one := r.awaitFunctionZygote(b, spec)
		scratch = append(scratch, timed(b, r, spec.ID+"-scratch", f))
		for r.waiting(kind{runtime: function.Python3, zygote: one}) == 0 {
			time.Sleep(time.Millisecond)
		}
		pooled = append(pooled, timed(b, r, spec.ID+"-pooled", f))
	}
	for name, took := range map[string][]time.Duration{"first": first, "made": scratch, "waiting": pooled} {
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/2])/1e6, name+"-p50-ms")
	}
}

// timed makes a container, has its answer and removes it; it returns what the first two took.
func timed(b *testing.B, r *Runtime, id string, f function.Function) time.Duration {
	begun := time.Now()
	c := hello(b, r, id, f)
	took := time.Since(begun)
	if err := c.Kill(); err != nil {
		b.Fatal(err)
	}
	return took
}

// waiting is how many sandboxes of the kind wait.
func (r *Runtime) waiting(k kind) int {
	r.pool.mu.Lock()
	defer r.pool.mu.Unlock()
	if s := r.pool.shelves[k]; s != nil {
		return len(s.ready)
	}
	return 0
}
