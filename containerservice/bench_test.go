package containerservice_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/wire"
)

const world = `{"name":"world"}`

// BenchmarkInvoke is a warm invocation of hello through the agent.
func BenchmarkInvoke(b *testing.B) {
	for _, c := range []struct{ runtime, name, handler string }{
		{"native", "hello", "hello"},
		{"python3", "hello-python", "hello.handler"},
		{"nodejs", "hello-nodejs", "hello.handler"},
		{"binary", "hello-shell", "fn.sh"},
	} {
		b.Run(c.runtime, func(b *testing.B) {
			a := load(b, sample(b, c.runtime, c.name, c.handler))
			req := &wire.InvokeRequest{RequestID: "r", Event: []byte(world)}
			for b.Loop() {
				if _, err := a.Invoke(b.Context(), req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("custom", func(b *testing.B) {
		a := load(b, customFunction(b))
		for b.Loop() {
			a.invoke(b, "echo hello")
		}
	})
}

// BenchmarkInvokeParallel is 64 callers at once.
func BenchmarkInvokeParallel(b *testing.B) {
	a := load(b, sample(b, "native", "hello", "hello"))
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			a.invoke(b, world)
		}
	})
}

// BenchmarkOverhead compares, call by call, a warm invocation of the native
// hello with the least that it could cost: a unary call of gRPC to the same
// process over the same socket, which is answered from memory. It reports
// both medians, as the machine's other work spoils means.
func BenchmarkOverhead(b *testing.B) {
	a := load(b, sample(b, "native", "hello", "hello"))
	invoke := &wire.InvokeRequest{RequestID: "r", Event: []byte(world)}
	echo := &wire.EndInvocationRequest{RequestID: "none"}
	var invokes, echoes []time.Duration
	for b.Loop() {
		begun := time.Now()
		if _, err := a.EndInvocation(b.Context(), echo); err != nil {
			b.Fatal(err)
		}
		middle := time.Now()
		if _, err := a.Invoke(b.Context(), invoke); err != nil {
			b.Fatal(err)
		}
		echoes, invokes = append(echoes, middle.Sub(begun)), append(invokes, time.Since(middle))
	}
	e, i := median(echoes), median(invokes)
	b.ReportMetric(float64(e.Microseconds()), "echo-p50-µs")
	b.ReportMetric(float64(i.Microseconds()), "invoke-p50-µs")
	b.ReportMetric(float64(i)/float64(e), "ratio")
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// BenchmarkStart is the time from starting the agent to its answer to Load,
// without the jail, and reports what the agent then holds in memory.
func BenchmarkStart(b *testing.B) {
	for name, req := range map[string]func() *wire.LoadRequest{
		"binary":  func() *wire.LoadRequest { return sample(b, "binary", "hello-shell", "fn.sh") },
		"native":  func() *wire.LoadRequest { return sample(b, "native", "hello", "hello") },
		"python3": func() *wire.LoadRequest { return sample(b, "python3", "hello-python", "hello.handler") },
		"nodejs":  func() *wire.LoadRequest { return sample(b, "nodejs", "hello-nodejs", "hello.handler") },
	} {
		b.Run(name, func(b *testing.B) {
			r := req()
			var a *agent
			for b.Loop() {
				if a != nil {
					a.stop(b)
				}
				a = load(b, r)
			}
			b.ReportMetric(memory(b, a.cmd.Process.Pid, "VmRSS"), "agent-rss-MiB")
		})
	}
}

// memory reads a figure of /proc/<pid>/status in MiB.
func memory(b *testing.B, pid int, field string) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), field+":")
	var kib float64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		b.Fatal(err)
	}
	return kib / 1024
}
