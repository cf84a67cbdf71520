package policy

import (
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Parameters of the hybrid histogram, all from the paper. The threshold of
// out-of-bounds gaps is that of dslab-faas, as the paper says only "many".
const (
	histogramBin     = time.Minute
	histogramBins    = 240 // a range of four hours
	histogramHead    = 5   // percentile
	histogramTail    = 99  // percentile
	histogramMargin  = 10  // percent
	forecastMargin   = 15  // percent
	leastSquaredCV   = 4   // of the bin counts; below the histogram says nothing
	mostOutOfBounds  = 50  // percent of all gaps
	percent          = 100
	histogramRange   = histogramBins * histogramBin
	tailAfterMargin  = percent + histogramMargin
	headBeforeMargin = percent - histogramMargin
)

// hybridHistogram is by Shahrad et al., Serverless in the Wild, ATC 2020. It
// learns how long functions are idle between calls. Where the histogram of these
// times has a shape, the container is unloaded after a call, loaded again just
// before the next one may come, and kept until it is very unlikely to. Where it
// has none, the container is kept for four hours. Where most times are beyond
// that, the next one is forecast.
//
// The form is that of the paper's text and of dslab-faas: the coefficient of
// variation is that of the bin counts. Ours differs in three points. The paper
// looks at applications, we have functions only. Its ARIMA forecast is replaced
// by the mean of the last ten idle times, with the same margin of 15 %. And a
// function is idle when it runs no call at all, so that containers beyond the
// first are kept and unloaded by the gaps of all of them together.
type hybridHistogram struct {
	plain
	functions table[idleTimes]
}

var _ engine.Policy = (*hybridHistogram)(nil)

// idleTimes of one function.
type idleTimes struct {
	bins        binCounts
	outOfBounds int64
	last        rolling
	window      idleWindow
}

var hybridEntry = entry{
	Info{
		"hybrid-histogram", familyKeepAlive,
		"Learns a histogram of idle times: unloads after a call, loads again before the 5th percentile and keeps to the 99th; 4 h where the histogram has no shape.",
		"Shahrad et al., Serverless in the Wild, ATC 2020",
	},
	func(p plain) engine.Policy { return &hybridHistogram{plain: p} },
}

func (h *hybridHistogram) Arrived(now engine.Instant, f *engine.FunctionView) bool {
	t := h.functions.of(f)
	if !t.window.known {
		return false
	}
	idle := time.Duration(0)
	if f.InFlight+f.Waiting == 0 {
		idle = now.Sub(t.window.since)
	}
	t.last.add(idle)
	if bin := int(idle / histogramBin); bin < histogramBins {
		t.bins.add(bin)
	} else {
		t.outOfBounds++
	}
	t.window.open, t.window.shut = t.forecast()
	return false
}

func (t *idleTimes) forecast() (open, shut time.Duration) {
	switch {
	case percent*t.outOfBounds >= mostOutOfBounds*(t.outOfBounds+t.bins.total):
		next := t.last.mean()
		return next / percent * (percent - forecastMargin), next / percent * (percent + forecastMargin)
	case !t.bins.shaped():
		return 0, histogramRange
	}
	head, tail := t.bins.percentile(histogramHead), t.bins.percentile(histogramTail)
	return time.Duration(head) * histogramBin / percent * headBeforeMargin,
		time.Duration(tail+1) * histogramBin / percent * tailAfterMargin
}

// Returned asks for Scale, so that the next container is made in time.
func (h *hybridHistogram) Returned(now engine.Instant, f *engine.FunctionView, _ engine.Call) bool {
	w := &h.functions.of(f).window
	w.begin(now, histogramRange)
	return w.unloads()
}

func (h *hybridHistogram) Retire(_ engine.Instant, f *engine.FunctionView, _ *engine.ContainerView) bool {
	return f.Waiting == 0 && h.functions.of(f).window.unloads()
}

func (h *hybridHistogram) Scale(now engine.Instant, f *engine.FunctionView, _ *engine.PoolView) (int, engine.Instant) {
	if f.Waiting > 0 {
		return h.unserved(f), 0
	}
	return h.functions.of(f).window.prewarm(now, f)
}

// KeepContainer counts from the end of the last call of all.
func (h *hybridHistogram) KeepContainer(_ engine.Instant, f *engine.FunctionView, c *engine.ContainerView) time.Duration {
	return h.functions.of(f).window.keep(c, histogramRange)
}

func (h *hybridHistogram) State(c *engine.Codec) {
	h.functions.state(c, func(t *idleTimes) {
		t.bins.state(c)
		engine.Int(c, &t.outOfBounds)
		t.last.state(c)
		t.window.state(c)
	})
}
