package linux

import (
	"testing"
	"time"
)

// TestDemand follows the busiest second, which fades by half in half a minute.
func TestDemand(t *testing.T) {
	begin := time.Unix(1000, 0)
	at := begin.Add
	var d demand
	if n := d.target(begin, 1); n != 0 {
		t.Errorf("%d sandboxes of a kind that nobody wants", n)
	}
	for range 32 {
		d.taken(at(0))
	}
	d.taken(at(5 * time.Second)) // a quiet second hides nothing
	for _, c := range []struct {
		after time.Duration
		least int
		want  int
	}{
		{5 * time.Second, 1, 29}, // 32 · 2^(-5/30) = 28.5
		{30 * time.Second, 1, 16},
		{90 * time.Second, 1, 4},
		{5 * time.Minute, 1, 1},
		{5 * time.Minute, 3, 3},
		{11 * time.Minute, 3, 0}, // forgotten
	} {
		if n := d.target(at(c.after), c.least); n != c.want {
			t.Errorf("after %v, at least %d: %d sandboxes, want %d", c.after, c.least, n, c.want)
		}
	}
}
