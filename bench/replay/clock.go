package replay

import "time"

// Clock knows how fast a platform's time goes.
type Clock struct{ scale float64 }

// NewClock makes one from Config.TimeScale.
func NewClock(scale float64) Clock {
	if scale == 0 {
		scale = 1
	}
	return Clock{scale}
}

// Real is how long a span of the platform's time takes by the clock.
func (c Clock) Real(d time.Duration) time.Duration {
	if c.scale == 1 {
		return d
	}
	return time.Duration(float64(d) / c.scale)
}

// Model is what a span of the clock is in the platform's time.
func (c Clock) Model(d time.Duration) time.Duration {
	if c.scale == 1 {
		return d
	}
	return time.Duration(float64(d) * c.scale)
}
