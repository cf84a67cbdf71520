package policy

import "github.com/minifaas/minifaas/scheduler/engine"

// lru is the variant LRU of FaasCache (Fuerst and Sharma, ASPLOS 2021), and so is
// RAND below. It keeps containers until their memory is needed. Then those go first whose
// function was called least recently, all of its clones alike. This is what
// sets it apart from ttl-inf, which judges each container by itself.
type lru struct {
	plain
	called table[engine.Instant]
}

var _ engine.Policy = (*lru)(nil)

// randomEviction draws the rank of a container anew after each of its calls.
// FaasCache draws one of ten numbers, ours are too many for ties to matter.
type randomEviction struct{ plain }

var _ engine.Policy = randomEviction{}

var cacheEntries = []entry{
	{
		Info{
			"lru", familyKeepAlive,
			"Containers stay until memory is short; then those of the function called least recently go.",
			"variant LRU of Fuerst and Sharma, FaasCache, ASPLOS 2021",
		},
		func(p plain) engine.Policy { return &lru{plain: p} },
	},
	{
		Info{
			"random-eviction", familyKeepAlive,
			"Containers stay until memory is short; then any idle one goes, by lot.",
			"variant RAND of Fuerst and Sharma, FaasCache, ASPLOS 2021",
		},
		func(p plain) engine.Policy { return randomEviction{p} },
	},
}

func (l *lru) Arrived(now engine.Instant, f *engine.FunctionView) bool {
	*l.called.of(f) = now
	return false
}

func (l *lru) Evict(_ engine.Instant, f *engine.FunctionView, _ *engine.ContainerView, wanted *engine.FunctionView) (int64, bool) {
	return int64(*l.called.of(f)), needed(wanted)
}

func (l *lru) State(c *engine.Codec) {
	l.called.state(c, func(t *engine.Instant) { engine.Int(c, t) })
}

// Evict needs no generator: the same container after the same call has to draw
// the same lot as often as it is asked.
func (randomEviction) Evict(_ engine.Instant, _ *engine.FunctionView, c *engine.ContainerView, wanted *engine.FunctionView) (int64, bool) {
	return int64(scramble(scramble(c.Serial)+uint64(c.Uses)) >> 1), needed(wanted)
}
