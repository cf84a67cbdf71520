package simulated

import (
	"math"
	"slices"
	"time"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// run moves to now. Between two ends of something all rates are constant, so it
// goes from end to end.
func (m *Model) run(now time.Duration) {
	for {
		m.settle()
		step, found := m.step()
		if !found || m.now+step > now {
			m.pass(now - m.now)
			m.settle()
			return
		}
		m.pass(step)
	}
}

// settle takes out what has ended at this very moment.
func (m *Model) settle() {
	for _, c := range m.containers {
		if !c.created && c.delay <= 0 && spent(c.creation) {
			c.created = true
			m.done = append(m.done, Completion{At: m.now, Kind: Created, Container: c.id, Peak: c.used})
		}
		for _, k := range c.end((*call).over) {
			m.done = append(m.done, Completion{At: m.now, Kind: Finished, Container: c.id, Invocation: k.id, Peak: k.peak})
		}
	}
}

// step is how long it takes until the next thing ends, or goes from one phase to the next.
func (m *Model) step() (next time.Duration, found bool) {
	consider := func(d time.Duration) {
		if !found || d < next {
			next, found = d, true
		}
	}
	rates := m.rates()
	for i, c := range m.containers {
		switch {
		case c.delay > 0:
			consider(c.delay)
		case !c.created:
			consider(until(c.creation, rates[i]))
		}
		each := rates[i] / float64(max(c.computing(), 1))
		for _, k := range c.calls {
			if spent(k.cpu) {
				consider(k.sleep)
			} else {
				consider(until(k.cpu, each))
			}
		}
	}
	return next, found
}

// pass lets d pass at the rates of now.
func (m *Model) pass(d time.Duration) {
	if d <= 0 {
		return
	}
	rates := m.rates()
	for i, c := range m.containers {
		used := rates[i] * d.Seconds()
		m.cpu += used
		c.cpu += used
		if n := c.computing(); float64(n) > c.quota() {
			c.throttled += d
		}
		switch {
		case c.delay > 0:
			c.delay -= d
		case !c.created:
			c.creation -= used
		}
		each := used / float64(max(c.computing(), 1))
		for _, k := range c.calls {
			if spent(k.cpu) {
				k.sleep -= d
			} else {
				k.cpu -= each
			}
		}
	}
	m.now += d
}

// rates are the cores that each container gets now, parallel to m.containers.
func (m *Model) rates() []float64 {
	demands := make([]float64, len(m.containers))
	for i, c := range m.containers {
		switch {
		case c.delay > 0:
		case !c.created:
			demands[i] = createCores
		default:
			demands[i] = min(c.quota(), float64(c.computing()))
		}
	}
	return share(m.cfg.CPU, demands)
}

func (c *container) quota() float64 { return sandbox.Quota(c.memory) }

// computing is how many invocations are in their CPU phase.
func (c *container) computing() (n int) {
	for _, k := range c.calls {
		if !spent(k.cpu) {
			n++
		}
	}
	return n
}

// end removes those invocations and returns them.
func (c *container) end(which func(*call) bool) (ended []*call) {
	c.calls = slices.DeleteFunc(c.calls, func(k *call) bool {
		if !which(k) {
			return false
		}
		c.used -= k.mem
		ended = append(ended, k)
		return true
	})
	return ended
}

func (k *call) over() bool { return spent(k.cpu) && k.sleep <= 0 }

// spent: less than a nanosecond of work is rounding.
func spent(cpu float64) bool { return cpu < 1e-9 }

// until is the time that so much CPU takes at that rate, rounded up.
func until(cpu, rate float64) time.Duration {
	if rate <= 0 {
		return math.MaxInt64 / 2
	}
	return time.Duration(math.Ceil(cpu / rate * 1e9))
}

func seconds(s float64) time.Duration { return time.Duration(s * 1e9) }
