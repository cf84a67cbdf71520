package policy

import (
	"testing"
	"time"
)

func TestRunawayDebug(t *testing.T) {
	s := newStand(t, AdaptiveConfig{}, 4)
	for i := range 60 {
		s.call(time.Duration(i)*5*time.Millisecond, "f", 128*megabyte, computes(1*time.Second))
	}
	for i := range 400 {
		s.call(120*time.Second+time.Duration(i)*100*time.Millisecond, "f", 128*megabyte, computes(10*time.Millisecond))
	}
	for _, u := range []int{1, 2, 5, 10, 13, 15, 20,22, 25, 27, 30, 40, 60,100,130} {
		s.run(time.Duration(u) * time.Second)
		small := 0
		for _, c := range s.containers("f") {
			if c.Memory == 128*megabyte {
				small++
			}
		}
		t.Log(u, len(s.containers("f")), small, s.removed, len(s.made["f"]), s.nodes(), s.waited)
	}
}
