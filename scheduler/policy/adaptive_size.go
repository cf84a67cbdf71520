package policy

import (
	"math"
	"math/bits"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Size asks for what the function needs. Memory is booked by the peaks seen, with
// a margin. The limit is what the function declares, or a whole node's where it may
// be: the platform gives CPU by the limit, and a quota takes nothing from others, as
// only what is booked does. A function that sleeps gains little by it, but for
// nothing; one that proves to compute need not be made anew.
func (a *Adaptive) Size(f *engine.FunctionView) engine.Size {
	l := a.of(f)
	declared := max(f.Spec.Memory, l.memory.floor)
	size := engine.Size{Memory: declared, Booked: declared}
	if declared > 0 && a.cfg.Enlarge && a.cfg.has(RightSizing) {
		size.Memory = max(declared, a.all.node)
	}
	if l.memory.calls >= knownFootprint && a.cfg.has(RightSizing) && size.Booked > 0 {
		calls := min(a.Concurrency(f), l.memory.company+1)
		if calls > 1 && a.boundless(l) {
			size.Booked = size.Memory
		}
		size.Booked = min(size.Booked, l.memory.need(calls))
	}
	return size
}

// limit is the least Memory with which a container serves on; 0 if the function
// declares none. To be made anew for less CPU than a core only pays one that computes.
func (a *Adaptive) limit(l *learned, f *engine.FunctionView) engine.Bytes {
	memory := max(f.Spec.Memory, l.memory.floor)
	if memory > 0 && a.all.node > memory && a.cfg.has(RightSizing) && a.computes(l, f.Spec.Memory) {
		return a.all.node
	}
	return memory
}

// computes: with the CPU that goes with the declared memory its calls take
// noticeably longer than on a core of their own.
func (a *Adaptive) computes(l *learned, declared engine.Bytes) bool {
	if !a.cfg.Enlarge {
		return false // it gets no more CPU; others of its containers may be on the same node
	}
	if l.cpu.n < knownCPU {
		return a.all.computing > 0 && 3*a.all.computing > a.all.judged
	}
	quota := quotaOf(declared)
	if quota >= 1 {
		return false
	}
	// The calls seen alone may be few, and none come while containers are shared: what
	// is shared must not contradict them.
	return suffers(l.cpu.value, l.solo.value, quota) &&
		(l.crowd.cpu.n < knownCrowd || suffers(l.crowd.cpu.value, l.crowd.took.value, quota))
}

// suffers: with that quota a call takes noticeably longer than on a whole core,
// where it takes at most what it took without its CPU.
func suffers(cpu, took time.Duration, quota float64) bool {
	whole := max(cpu, took-cpu)
	return float64(float64(cpu)*(1/quota-1)) > float64(noticeable*float64(whole))
}

const (
	knownCPU   = 1
	knownCrowd = 8
	noticeable = 0.1
	// quotaPerGiB is the CPU quota in cores of a container with 1 GiB: the contract's.
	quotaPerGiB = 0.67
)

func quotaOf(memory engine.Bytes) float64 { return float64(quotaPerGiB*float64(memory)) / (1 << 30) }

// footprint is the memory that a container of the function needs: so much for
// one call, and so much for each further one at the same time. Peaks fade.
type footprint struct {
	one, further engine.Bytes
	// least is the lowest peak of one call: from there to one is the usual spread.
	least engine.Bytes
	calls int64
	// company is the most calls that a container had lately.
	company int
	// floor is the least limit since a container ran out of memory.
	floor engine.Bytes
}

const (
	knownFootprint = 4
	footprintSlack = 4 << 20
)

func (p *footprint) learn(company int, alone bool, peak engine.Bytes) {
	if peak <= 0 {
		return
	}
	p.calls++
	p.company = max(p.company-(p.company-company)/64, company)
	switch further := max(0, peak-p.one) / engine.Bytes(max(1, company-1)); {
	case alone && p.one == 0:
		p.one, p.further, p.least = peak, peak, peak
	case alone:
		p.one = fade(p.one, peak)
		p.least = min(peak, p.least+(peak-p.least)/64)
	case p.one == 0:
		p.further = max(p.further, peak)
	case 2*company > p.company: // fewer say little of many
		p.further = max(further, p.further-(p.further-further)/8)
	}
}

// fade follows a peak up at once and down slowly.
func fade(peak, seen engine.Bytes) engine.Bytes {
	if seen > peak {
		return seen
	}
	return peak - (peak-seen)/64
}

// exceeded: a container with that limit ran out of memory.
func (p *footprint) exceeded(limit, declared engine.Bytes) {
	p.one = max(p.one, limit)
	if limit < 2*declared {
		p.floor = max(p.floor, limit+limit/2)
	}
}

// most is what so many calls at once need if they happen to be large: what varies
// from call to call adds up as the square root of their number. While few have
// been seen the spread is taken to be half of what one takes.
func (p *footprint) most(company int) engine.Bytes {
	spread := p.one - p.least
	if p.calls < knownFootprint {
		spread = max(spread, p.one/2)
	}
	return p.need(company) + engine.Bytes(float64(spread)*math.Sqrt(float64(company-1)))
}

// need is rounded up to five significant bits, so that it seldom changes.
func (p *footprint) need(company int) engine.Bytes {
	n := p.one + p.further*engine.Bytes(company-1)
	n += n/16 + footprintSlack
	step := engine.Bytes(1) << max(0, bits.Len64(uint64(n))-5)
	return (n + step - 1) / step * step
}
