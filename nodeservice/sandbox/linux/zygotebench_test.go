package linux

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// BenchmarkFork makes containers of a Python function out of a filled pool, up to
// their first answer, and starts a bare interpreter with the same imports in turn.
func BenchmarkFork(b *testing.B) {
	for name, preload := range map[string][]string{"hello": nil, "imports": {"json", "asyncio", "urllib.request", "ssl"}} {
		b.Run(name, func(b *testing.B) {
			imports := "import " + strings.Join(append([]string{"sys"}, preload...), ", ")
			r := newRuntime(b, func(c *Config) { c.Ready = 1 })
			f := script(b, "f", function.Python3, "main.py", imports+"\ndef handler(e, c): return 'hello'\n")
			f.Preload = preload
			program, err := findInterpreter(f.Runtime, os.Getenv("PATH"))
			if err != nil {
				b.Skip(err)
			}
			var bare, took []time.Duration
			for i := 0; b.Loop(); i++ {
				begun := time.Now()
				if err := exec.Command(program.path, "-c", imports).Run(); err != nil {
					b.Fatal(err)
				}
				bare = append(bare, time.Since(begun))

				spec := sandbox.Spec{ID: fmt.Sprint("c", i), Function: f, Memory: 128 << 20}
				r.fillPool(b.Context(), spec)
				begun = time.Now()
				c, err := r.Create(b.Context(), spec)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := c.Invoke(b.Context(), sandbox.Invocation{RequestID: "r", Event: []byte("{}"), Timeout: time.Minute}); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(begun))
				if err := c.Kill(); err != nil {
					b.Fatal(err)
				}
			}
			report(b, took)
			slices.Sort(bare)
			b.ReportMetric(float64(bare[len(bare)/2])/1e3, "bare-p50-µs")
			b.ReportMetric(float64(bare[len(bare)*99/100])/1e3, "bare-p99-µs")
		})
	}
}

// hello makes a container of a Python function, and has its first answer.
func hello(b *testing.B, r *Runtime, id string, f function.Function) sandbox.Container {
	c, err := r.Create(b.Context(), sandbox.Spec{ID: id, Function: f, Memory: 128 << 20})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := c.Invoke(b.Context(), sandbox.Invocation{RequestID: "r", Event: []byte("{}"), Timeout: time.Minute}); err != nil {
		b.Fatal(err)
	}
	return c
}

// BenchmarkForkChurn creates containers, calls each once and removes it, several at a time.
func BenchmarkForkChurn(b *testing.B) {
	r := newRuntime(b, func(c *Config) { c.Ready, c.eager = 8, false })
	f := script(b, "f", function.Python3, "main.py", "def handler(e, c): return 'hello'\n")
	r.fillPool(b.Context(), sandbox.Spec{Function: f, Memory: 128 << 20})
	for _, callers := range []int{1, 2, 4, 8} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			turns := make(chan int)
			var all sync.WaitGroup
			for range callers {
				all.Go(func() {
					for i := range turns {
						if err := hello(b, r, fmt.Sprintf("c%d-%d-%d", callers, b.N, i), f).Kill(); err != nil {
							b.Error(err)
						}
					}
				})
			}
			begun := time.Now()
			for i := range b.N {
				turns <- i
			}
			close(turns)
			all.Wait()
			b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "containers/s")
		})
	}
}

// BenchmarkForkIdle is what an idle container of a Python function takes: its own share
// of the worker's and the agent's memory, and what its cgroup is charged.
func BenchmarkForkIdle(b *testing.B) {
	r := newRuntime(b, func(c *Config) { c.Ready = 1 })
	f := script(b, "f", function.Python3, "main.py", "def handler(e, c): return 'hello'\n")
	r.fillPool(b.Context(), sandbox.Spec{Function: f, Memory: 128 << 20})
	var agents, workers, charged int64
	var idle []*container
	for i := range b.N {
		idle = append(idle, hello(b, r, fmt.Sprint("c", i), f).(*container))
	}
	for _, c := range idle {
		agents += share(c.agent.process.Pid)
		for _, worker := range descendants(c.agent.process.Pid) {
			workers += share(worker)
		}
		usage, err := c.Usage()
		if err != nil {
			b.Fatal(err)
		}
		charged += usage.Memory
	}
	each := func(bytes int64) float64 { return float64(bytes) / float64(b.N) / (1 << 10) }
	b.ReportMetric(each(agents), "agent-PSS-KiB")
	b.ReportMetric(each(workers), "worker-PSS-KiB")
	b.ReportMetric(each(charged), "charged-KiB")
}

// share is the memory of a process, of pages shared its part, in bytes.
func share(pid int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	_, rest, _ := strings.Cut(string(text), "\nPss:")
	kib, _ := strconv.ParseInt(strings.Fields(rest + " 0")[0], 10, 64)
	return kib << 10
}
