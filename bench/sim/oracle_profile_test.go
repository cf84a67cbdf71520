package sim

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// The tree agrees with an array.
func TestProfile(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	p := newProfile(100*time.Millisecond, 50)
	naive := make([]engine.Bytes, p.size)
	for range 2000 {
		first, last := rng.IntN(p.size), rng.IntN(p.size)
		memory := engine.Bytes(rng.IntN(20))
		want := -1
		for i := first; i <= last; i++ {
			if naive[i]+memory > p.capacity {
				want = i
			}
		}
		if got := p.full(first, last, memory); got != want {
			t.Fatalf("%d in slots %d to %d: full is %d, want %d", memory, first, last, got, want)
		}
		if want >= 0 {
			memory = -min(memory, naive[want])
			first, last = want, want
		}
		p.add(first, last, memory)
		for i := first; i <= last; i++ {
			naive[i] += memory
		}
	}
}

func TestProfileSlots(t *testing.T) {
	p := newProfile(time.Hour, 1)
	if p.size > 2*slotsAtMost || p.begin(p.size) < time.Hour {
		t.Errorf("%d slots of %v: want at most %d, and an hour", p.size, p.slot, 2*slotsAtMost)
	}
	for _, at := range []time.Duration{0, 1, time.Minute, time.Hour} {
		if slot := p.at(at); p.begin(slot) > at || p.begin(slot+1) <= at {
			t.Errorf("%v is in slot %d, which begins at %v", at, slot, p.begin(slot))
		}
	}
	if p.at(1000*time.Hour) != p.size-1 || p.at(-1) != 0 {
		t.Error("what is outside is not in the outermost slots")
	}
}
