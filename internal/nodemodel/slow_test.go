package nodemodel

import (
	"math"
	"slices"
	"time"
)

// slow is the model again, as plainly as possible: it goes from end to end with
// all that is left of everything in a variable, as float64, in nanoseconds.
type slow struct {
	cfg        Config
	now        float64
	containers []*slowContainer // in order of creation
	done       []record
}

type slowContainer struct {
	key             uint64
	memory, used    int64
	delay, creation float64 // left
	created         bool
	cpu             float64 // used
	calls           []*slowCall
}

type slowCall struct {
	key          uint64
	cpu, sleep   float64 // left
	memory, peak int64
	before       float64
}

// nothing is what rounding leaves of a time.
const nothing = 1e-3

func (s *slow) create(now time.Duration, key uint64, memory int64, how Creation) {
	s.run(now)
	s.containers = append(s.containers, &slowContainer{
		key: key, memory: memory, used: how.Memory, delay: float64(how.Delay), creation: float64(how.CPU),
	})
	s.checkMemory()
}

func (s *slow) invoke(now time.Duration, container, key uint64, w Work) {
	s.run(now)
	c := s.find(container)
	if c == nil || !c.created {
		return
	}
	c.used += w.Memory
	c.calls = append(c.calls, &slowCall{key: key, cpu: float64(w.CPU), sleep: float64(w.Sleep), memory: w.Memory, before: c.cpu})
	for _, k := range c.calls {
		k.peak = max(k.peak, c.used)
	}
	s.checkMemory()
}

func (s *slow) cancel(now time.Duration, key uint64) {
	s.run(now)
	for _, c := range s.containers {
		c.end(func(k *slowCall) bool { return k.key == key })
	}
}

func (s *slow) remove(now time.Duration, container uint64) {
	s.run(now)
	s.containers = slices.DeleteFunc(s.containers, func(c *slowContainer) bool { return c.key == container })
}

func (s *slow) advance(now time.Duration) []record {
	s.run(now)
	done := s.done
	s.done = nil
	return done
}

func (s *slow) find(key uint64) *slowContainer {
	i := slices.IndexFunc(s.containers, func(c *slowContainer) bool { return c.key == key })
	if i < 0 {
		return nil
	}
	return s.containers[i]
}

func (s *slow) run(now time.Duration) {
	for {
		s.settle()
		step := min(s.step(), float64(now)-s.now)
		if step <= 0 {
			return
		}
		s.pass(step)
	}
}

// settle takes out what has ended.
func (s *slow) settle() {
	for _, c := range s.containers {
		if !c.created && c.delay <= nothing && c.creation <= nothing {
			c.created = true
			s.note(Created, c, nil)
		}
		for _, k := range c.end(func(k *slowCall) bool { return k.cpu <= nothing && k.sleep <= nothing }) {
			s.note(Finished, c, k)
		}
	}
}

// step is how long no rate changes.
func (s *slow) step() float64 {
	step := math.Inf(1)
	consider := func(left, rate float64) {
		if left > nothing {
			step = min(step, left/rate)
		}
	}
	rates := s.rates()
	for i, c := range s.containers {
		consider(c.delay, 1)
		if c.delay <= nothing {
			consider(c.creation, rates[i])
		}
		for _, k := range c.calls {
			consider(k.cpu, rates[i]/float64(c.computing()))
			if k.cpu <= nothing {
				consider(k.sleep, 1)
			}
		}
	}
	return step
}

func (s *slow) pass(d float64) {
	rates := s.rates()
	for i, c := range s.containers {
		c.cpu += rates[i] * d
		if c.delay > nothing {
			c.delay -= d
		} else {
			c.creation -= rates[i] * d
		}
		computing := float64(c.computing())
		for _, k := range c.calls {
			if k.cpu > nothing {
				k.cpu -= rates[i] * d / computing
			} else {
				k.sleep -= d
			}
		}
	}
	s.now += d
}

// rates fills the demands like vessels: whoever wants no more than an equal part
// gets what it wants, until nobody does.
func (s *slow) rates() []float64 {
	rates, demands := make([]float64, len(s.containers)), make([]float64, len(s.containers))
	hungry, left := 0, s.cfg.CPU
	for i, c := range s.containers {
		switch {
		case c.created:
			demands[i] = min(Quota(c.memory), float64(c.computing()))
		case c.delay <= nothing:
			demands[i] = 1
		}
		if demands[i] > 0 {
			hungry++
		}
	}
	for {
		equal, served := left/float64(hungry), 0
		for i, demand := range demands {
			if rates[i] == 0 && demand > 0 && demand <= equal {
				rates[i] = demand
				left -= demand
				served++
			}
		}
		if hungry -= served; served == 0 {
			for i, demand := range demands {
				if rates[i] == 0 && demand > 0 {
					rates[i] = equal
				}
			}
			return rates
		}
	}
}

func (s *slow) checkMemory() {
	for {
		var victim *slowContainer
		total := s.cfg.SystemMemory
		for _, c := range s.containers {
			total += c.used
			if victim == nil || c.used > victim.used {
				victim = c
			}
		}
		if i := slices.IndexFunc(s.containers, func(c *slowContainer) bool { return c.used > c.memory }); i >= 0 {
			victim = s.containers[i]
		} else if total <= s.cfg.Memory {
			return
		}
		s.note(OutOfMemory, victim, nil)
		s.containers = slices.DeleteFunc(s.containers, func(c *slowContainer) bool { return c == victim })
	}
}

func (s *slow) note(kind Kind, c *slowContainer, k *slowCall) {
	r := record{At: time.Duration(s.now), Kind: kind, Container: c.key, Peak: c.used, CPU: time.Duration(c.cpu)}
	if k != nil {
		r.Call, r.Peak, r.CPU = k.key, k.peak, time.Duration(c.cpu-k.before)
	}
	s.done = append(s.done, r)
}

func (c *slowContainer) computing() (n int) {
	for _, k := range c.calls {
		if k.cpu > nothing {
			n++
		}
	}
	return n
}

// end removes those calls and returns them.
func (c *slowContainer) end(which func(*slowCall) bool) (ended []*slowCall) {
	c.calls = slices.DeleteFunc(c.calls, func(k *slowCall) bool {
		if !which(k) {
			return false
		}
		c.used -= k.memory
		ended = append(ended, k)
		return true
	})
	return ended
}
