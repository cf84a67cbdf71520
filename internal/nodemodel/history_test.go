package nodemodel

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// record is a completion by its keys.
type record struct {
	At              time.Duration
	Kind            Kind
	Container, Call uint64
	Peak            int64
	CPU             time.Duration
}

// player plays a history.
type player interface {
	create(now time.Duration, key uint64, memory int64, how Creation)
	invoke(now time.Duration, container, key uint64, w Work)
	cancel(now time.Duration, key uint64)
	remove(now time.Duration, container uint64)
	advance(now time.Duration) []record
}

// fast plays with a Model.
type fast struct {
	*Model
	containers map[uint64]*Container
	calls      map[uint64]*Call
	looks      bool // at everything, again and again
}

func newFast(cfg Config) *fast {
	return &fast{Model: New(cfg), containers: map[uint64]*Container{}, calls: map[uint64]*Call{}}
}

func (f *fast) create(now time.Duration, key uint64, memory int64, how Creation) {
	f.containers[key] = f.Create(now, key, memory, how)
}

func (f *fast) invoke(now time.Duration, container, key uint64, w Work) {
	if call := f.Invoke(now, f.containers[container], key, w); call != nil {
		f.calls[key] = call
	}
}

func (f *fast) cancel(now time.Duration, key uint64) {
	if call := f.calls[key]; call != nil {
		f.Cancel(now, call)
	}
}

func (f *fast) remove(now time.Duration, container uint64) { f.Remove(now, f.containers[container]) }

func (f *fast) advance(now time.Duration) (all []record) {
	if f.looks {
		for at, until := f.now, min(now, f.now+20*ms); at < until; at += 777777 {
			f.Total(at)
			f.Next()
		}
	}
	for _, d := range f.Advance(now, nil) {
		r := record{d.At, d.Kind, d.Container.Key, 0, d.Peak, d.CPU}
		if d.Call != nil {
			r.Call = d.Call.Key
		}
		all = append(all, r)
	}
	return all
}

// historyNode is small, so that its memory and its cores run short.
var historyNode = Config{CPU: 2, Memory: 1 << 30, SystemMemory: 512 << 20}

// play is a random history of 200 steps, about 10 ms apart, and what completes in it.
func play(seed uint64, p player) (all []record) {
	rng := rand.New(rand.NewPCG(seed, 1))
	var now time.Duration
	var containers, calls uint64
	one := func(n uint64) uint64 { return 1 + rng.Uint64N(n) }
	for range 200 {
		now += time.Duration(rng.Int64N(int64(20 * ms)))
		all = append(all, p.advance(now)...)
		switch dice := rng.IntN(20); {
		case containers == 0 || dice < 3:
			containers++
			how := Creation{Memory: own}
			if dice != 1 {
				how.Delay, how.CPU = time.Duration(rng.Int64N(int64(50*ms))), time.Duration(rng.Int64N(int64(50*ms)))
			}
			p.create(now, containers, int64(64*mib)<<rng.IntN(5), how)
		case calls > 0 && dice == 3:
			p.cancel(now, one(calls))
		case dice == 4:
			p.remove(now, one(containers))
		default:
			calls++
			w := Work{Memory: rng.Int64N(50 * mib)}
			if rng.IntN(3) > 0 {
				w.CPU = time.Duration(rng.Int64N(int64(50 * ms)))
			}
			if rng.IntN(3) > 0 {
				w.Sleep = time.Duration(rng.Int64N(int64(300 * ms)))
			}
			p.invoke(now, one(containers), calls, w)
		}
	}
	return append(all, p.advance(now+time.Hour)...)
}

// TestAgainstSlow: on random histories the model completes the same things as the
// plain one, at the same times but for rounding.
func TestAgainstSlow(t *testing.T) {
	seen := map[Kind]int{}
	for seed := range uint64(300) {
		got, want := play(seed, newFast(historyNode)), play(seed, &slow{cfg: historyNode})
		if !slices.IsSortedFunc(got, func(a, b record) int { return cmp.Compare(a.At, b.At) }) {
			t.Fatalf("seed %d: not in order of time", seed)
		}
		byName := func(a, b record) int {
			return cmp.Or(cmp.Compare(a.Container, b.Container), cmp.Compare(a.Call, b.Call), cmp.Compare(a.Kind, b.Kind))
		}
		slices.SortFunc(got, byName)
		slices.SortFunc(want, byName)
		if !slices.EqualFunc(got, want, near) {
			t.Fatalf("seed %d: got %v,\nwant %v", seed, got, want)
		}
		for _, r := range got {
			seen[r.Kind]++
		}
	}
	if seen[Created] < 1000 || seen[Finished] < 10000 || seen[OutOfMemory] < 1000 {
		t.Errorf("the histories are too tame: %v", seen)
	}
}

// near: but for a microsecond.
func near(a, b record) bool {
	if (a.At-b.At).Abs() > time.Microsecond || (a.CPU-b.CPU).Abs() > time.Microsecond {
		return false
	}
	b.At, b.CPU = a.At, a.CPU
	return a == b
}

// TestLookingChangesNothing: asking for usage on the way alters no completion by a nanosecond.
func TestLookingChangesNothing(t *testing.T) {
	for seed := range uint64(50) {
		looking := newFast(historyNode)
		looking.looks = true
		want(t, play(seed, looking), play(seed, newFast(historyNode))...)
	}
}

// TestGolden: completions are the same bit by bit on every architecture. The hash
// changes only when the model is meant to.
func TestGolden(t *testing.T) {
	const golden = uint64(0x5b57e2d4b4ceeb3d)
	sum := fnv.New64a()
	for seed := range uint64(200) {
		if err := binary.Write(sum, binary.LittleEndian, play(seed, newFast(historyNode))); err != nil {
			t.Fatal(err)
		}
	}
	if got := sum.Sum64(); got != golden {
		t.Errorf("hash %#x, want %#x", got, golden)
	}
}
