package shadow

import (
	"time"

	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/nodemodel"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// functionInfo is what is known of a function.
type functionInfo struct {
	index    int
	spec     engine.FunctionSpec
	account  string
	resident int64 // bytes; 0: not seen yet
	creating recent
	// last is the work of the latest call that succeeded, for those that were
	// refused; ran tells that there is one.
	last trace.Call
	ran  bool
}

// recent are the last few times that something took.
type recent struct {
	times [16]time.Duration
	count int
}

func (r *recent) add(d time.Duration) {
	r.times[r.count%len(r.times)] = d
	r.count++
}

// at takes one after the other, so that the spread stays what it is; 0 if there is none.
func (r *recent) at(turn int) time.Duration {
	if r.count == 0 {
		return 0
	}
	return r.times[turn%min(r.count, len(r.times))]
}

func (r *recent) mean() time.Duration {
	n := min(r.count, len(r.times))
	if n == 0 {
		return 0
	}
	sum := time.Duration(0)
	for _, d := range r.times[:n] {
		sum += d
	}
	return sum / time.Duration(n)
}

// work makes of what was seen of a call what it is to a simulation: CPU time that
// the container's quota allowed, and waiting. How long others on the node held it
// up cannot be told from waiting.
func (f *functionInfo) work(c *call, held time.Duration, out engine.Outcome) trace.Call {
	quota := min(1, nodemodel.Quota(int64(c.memory)))
	cpu := time.Duration(float64(out.CPU) / c.sharing)
	if most := time.Duration(float64(held) * quota); cpu > most {
		cpu = most // the kernel lets short calls run ahead of their quota
	}
	waiting := held
	if cpu > 0 {
		waiting = max(0, held-time.Duration(float64(cpu)/quota))
	}
	peak := int64(out.MaxMemory)
	if peak > 0 && c.sharing == 1 && (f.resident == 0 || peak < f.resident) {
		f.resident = peak
	}
	return trace.Call{
		Function: f.index, CPU: cpu, Sleep: waiting,
		Touch: max(0, int64(float64(peak-f.resident)/c.sharing)),
	}
}

// declaration is the function as a simulation gets to know it.
func (f *functionInfo) declaration() trace.Function {
	return trace.Function{
		Name: f.spec.Name, Account: f.account, Memory: int64(f.spec.Memory), Timeout: f.spec.Timeout,
		Used: true, Resident: f.resident,
	}
}
