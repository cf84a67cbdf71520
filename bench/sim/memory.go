package sim

import (
	"math/rand/v2"
	"time"

	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/nodemodel"
	"github.com/minifaas/minifaas/internal/portable"
)

// startup is how long containers of a runtime take to start: three percentiles.
type startup struct{ p5, p50, p95 time.Duration }

// startups are initialisation times measured over 613 functions of Alibaba
// Function Compute, by runtime: custom, Python, Node.js, PHP, Java, Go, container image.
var startups = []startup{
	{273 * ms, 1515 * ms, 9533 * ms},
	{113 * ms, 138 * ms, 1341 * ms},
	{134 * ms, 173 * ms, 915 * ms},
	{116 * ms, 191 * ms, 451 * ms},
	{278 * ms, 344 * ms, 994 * ms},
	{84 * ms, 115 * ms, 427 * ms},
	{230 * ms, 305 * ms, 462 * ms},
}

const ms = time.Millisecond

// at is the quantile, log-linear between the percentiles and flat beyond them.
func (s startup) at(q float64) time.Duration {
	low, high, x := s.p5, s.p50, (q-0.05)/0.45
	if q > 0.5 {
		low, high, x = s.p50, s.p95, (q-0.5)/0.45
	}
	x = min(max(0, x), 1)
	return time.Duration(float64(low) * portable.Pow(float64(high)/float64(low), x))
}

// Memory is a platform on which only memory is short: one node that offers
// capacity bytes (0: as good as unlimited), and nothing slows a call. Each
// function has a cold start of its own, drawn by seed from the startup times of
// a runtime that is drawn with it.
//
// The capacity is at least that of the workload's largest function.
func Memory(w *trace.Workload, capacity int64, seed uint64) Platform {
	creations := make([]nodemodel.Creation, len(w.Functions))
	largest := int64(1)
	rng := rand.New(rand.NewPCG(seed, streamStartup))
	for i := range creations {
		runtime := startups[rng.IntN(len(startups))]
		creations[i] = nodemodel.Creation{Delay: runtime.at(rng.Float64()), Memory: ownMemory}
		largest = max(largest, w.Functions[i].Memory)
	}
	if capacity <= 0 {
		capacity = unlimited
	}
	capacity = max(capacity, largest)
	return Platform{
		Nodes: 1, Available: 1, Offered: capacity, Unhindered: true,
		Node:   nodemodel.Config{Memory: capacity + 1, SystemMemory: 1},
		Create: func(function int) nodemodel.Creation { return creations[function] },
	}
}

// BusyMemory is the mean memory of the workload's calls, in bytes, if each ran
// alone in a container of its own that lived no longer than it.
func BusyMemory(w *trace.Workload) float64 {
	if w.Length <= 0 {
		return 0
	}
	sum := 0.0
	for c := range w.Calls() {
		sum += busy(w, &c)
	}
	return sum / w.Length.Seconds()
}

// busy is the memory-time of one call alone, within the load, in byte-seconds.
func busy(w *trace.Workload, c *trace.Call) float64 {
	alone := min(c.CPU+c.Sleep, w.Length-c.Offset)
	return float64(float64(w.Functions[c.Function].Memory) * max(0, alone).Seconds())
}
