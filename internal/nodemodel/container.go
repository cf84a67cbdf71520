package nodemodel

import (
	"math"
	"time"
)

// Container is a container of a node. It is a handle: all that happens to it, happens through its Model.
type Container struct {
	// Key is the caller's name for it. The model does not look at it.
	Key uint64

	seq    uint64 // in order of creation
	index  int    // in Model.containers
	state  state
	memory int64 // limit, in bytes
	used   int64 // bytes
	quota  float64
	peaks  peaks

	calls     int // in flight
	sleepers  int // of them, those that sleep
	computing heap[float64, *Call]

	// The container gets rate cores since the instant settled, which its computing
	// calls share equally. So one number, virtual, is the CPU that each of them has
	// got since the container was last without any, and a call's place in computing
	// is the value of it at which the call has its CPU. All CPU is in nanoseconds.
	active    bool // it is in Model.active
	stale     bool // its demand or its calls have changed since next was computed
	demand    float64
	rate      float64
	settled   time.Duration
	next      time.Duration // when the first of its computing calls, or its creation, has its CPU
	virtual   float64
	creation  float64 // that creating it still takes
	cpu       float64 // used
	throttled time.Duration
}

type state uint8

const (
	creating state = iota
	created
	gone
)

// never is an instant that does not come.
const never = time.Duration(math.MaxInt64)

// after is d later than t, or never.
func after(t, d time.Duration) time.Duration {
	if d > never-t {
		return never
	}
	return t + d
}

// spent: less than a nanosecond of CPU is rounding.
func spent(cpu float64) bool { return cpu < 1 }

// usage is what the container uses; looking changes nothing, not even by rounding.
func (c *Container) usage(now time.Duration) Usage {
	later := *c
	later.settle(now)
	return Usage{Memory: c.used, CPU: nanoseconds(later.cpu), Throttled: later.throttled}
}

// cpuAt is the CPU used until now.
func (c *Container) cpuAt(now time.Duration) float64 {
	return c.cpu + float64(c.rate*float64(now-c.settled))
}

// settle accounts for the time since the rate last changed. The rate, and how many share it, were constant.
func (c *Container) settle(now time.Duration) {
	d := now - c.settled
	c.settled = now
	if d == 0 || !c.active {
		return
	}
	used := float64(c.rate * float64(d))
	c.cpu += used
	if c.state == creating {
		c.creation -= used
		return
	}
	n := float64(len(c.computing))
	c.virtual += used / n
	if n > c.quota {
		c.throttled += d
	}
}

// wants is the CPU that the container would use if it were alone, in cores.
func (c *Container) wants() float64 {
	if c.state == creating {
		return 1
	}
	return min(c.quota, float64(len(c.computing)))
}

// due is when the next of what it does has its CPU, at this rate. It is settled.
func (c *Container) due() time.Duration {
	left, each := c.creation, c.rate
	if c.state == created {
		left = c.computing[0].key - c.virtual
		each /= float64(len(c.computing))
	}
	takes := math.Ceil(left / each)
	if math.IsNaN(takes) || takes >= 1<<62 { // the rate is zero, or as good as
		return never
	}
	return after(c.settled, time.Duration(takes))
}

func nanoseconds(cpu float64) time.Duration { return time.Duration(math.Round(cpu)) }
