package policy

import (
	"testing"
	"time"
)

// What calls took counts for the window in which they end and for the next one.
func TestUsage(t *testing.T) {
	var u usage
	u.add(at(31*time.Second), 30*time.Second)
	u.add(at(59*time.Second), 15*time.Second)
	for _, c := range []struct {
		at   time.Duration
		want float64
	}{{61 * time.Second, 1.5}, {65 * time.Second, 2}, {81 * time.Second, 1.5}, {119 * time.Second, 20.0 / 30}, {160 * time.Second, 0}} {
		if c.at == 65*time.Second {
			u.add(at(c.at), 20*time.Second)
		}
		if got := u.cores(at(c.at)); got != c.want {
			t.Errorf("after %v: %v cores, want %v", c.at, got, c.want)
		}
	}
}
