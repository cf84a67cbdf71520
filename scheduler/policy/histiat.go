package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Parameters of FaasCache's form of the histogram.
const (
	unsureKeep     = 2 * time.Hour
	mostDispersion = 2 // variance by mean of the minutes; above they say nothing
)

// histIAT is the hybrid histogram as FaasCache compares with it (Fuerst and
// Sharma, ASPLOS 2021; policy HIST of its simulator). It counts the
// times between calls, not those between the end of one and the next; it trusts
// them when the minutes are little dispersed, where the paper trusts bins that
// are unequal; it keeps for two hours when unsure, and forgets what is beyond
// four. Its windows begin at the call.
//
// In FaasCache each container has its own last call; ours is the function's.
type histIAT struct {
	plain
	functions table[callTimes]
}

var _ engine.Policy = (*histIAT)(nil)

type callTimes struct {
	bins   binCounts
	window idleWindow
}

var histIATEntry = entry{
	Info{
		"hist-iat", familyKeepAlive,
		"The hybrid histogram in FaasCache's form: times between calls, trusted when variance / mean of their minutes is at most 2, else 2 h.",
		"policy HIST of Fuerst and Sharma, FaasCache, ASPLOS 2021",
	},
	func(p plain) engine.Policy { return &histIAT{plain: p} },
}

func (h *histIAT) Arrived(now engine.Instant, f *engine.FunctionView) bool {
	t := h.functions.of(f)
	last, known := t.window.since, t.window.known
	t.window.begin(now, unsureKeep)
	if !known {
		return false
	}
	if bin := int(now.Sub(last) / histogramBin); bin < histogramBins {
		t.bins.add(bin)
		t.window.open, t.window.shut = t.forecast()
	}
	return false
}

func (t *callTimes) forecast() (open, shut time.Duration) {
	b := &t.bins
	if b.total < 2 || b.total*b.sumSquare-b.sum*b.sum > mostDispersion*b.total*b.sum {
		return 0, unsureKeep
	}
	// A whole bin before the head and after the tail, as there.
	head, tail := max(0, b.above(histogramHead)-1), b.above(histogramTail)+1
	open = time.Duration(head) * histogramBin / percent * headBeforeMargin
	shut = time.Duration(tail) * histogramBin / percent * tailAfterMargin
	return open, open + shut // the time to live of what is loaded ahead begins when it is
}

func (h *histIAT) Returned(_ engine.Instant, f *engine.FunctionView, _ engine.Call) bool {
	return h.functions.of(f).window.unloads()
}

func (h *histIAT) Retire(_ engine.Instant, f *engine.FunctionView, _ *engine.ContainerView) bool {
	return f.Waiting == 0 && h.functions.of(f).window.unloads()
}

func (h *histIAT) Scale(now engine.Instant, f *engine.FunctionView, _ *engine.PoolView) (int, engine.Instant) {
	if f.Waiting > 0 {
		return h.unserved(f), 0
	}
	return h.functions.of(f).window.prewarm(now, f)
}

func (h *histIAT) KeepContainer(_ engine.Instant, f *engine.FunctionView, c *engine.ContainerView) time.Duration {
	return h.functions.of(f).window.keep(c, unsureKeep)
}

func (h *histIAT) State(c *engine.Codec) {
	h.functions.state(c, func(t *callTimes) {
		t.bins.state(c)
		t.window.state(c)
	})
}
