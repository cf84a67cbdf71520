package trace

import (
	"container/heap"
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"time"
)

// Workload makes the specification's calls as they are asked for: nothing is
// held but one round of each function. The specification must be valid and is not kept.
func (s *Spec) Workload() (*Workload, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	spec := *s
	spec.Functions = append([]FunctionSpec(nil), s.Functions...)
	w := &Workload{Name: spec.Name, Length: spec.Length, Seed: spec.Seed, calls: spec.calls()}
	for i := range spec.Functions {
		f := &spec.Functions[i]
		w.Functions = append(w.Functions, Function{
			Name: f.Name, Kind: f.Kind, Runtime: f.Runtime, Memory: f.MemoryMB * MiB, Timeout: f.Timeout,
		})
		if note := newRounds(f, spec.Length, nil).squeezed(); note != "" {
			w.Notes = append(w.Notes, note)
		}
	}
	return w, nil
}

// calls merges the functions' own sequences by time.
func (s *Spec) calls() iter.Seq[Call] {
	return func(yield func(Call) bool) {
		var queue sources
		for i := range s.Functions {
			if src := s.source(i); src.nextRound() {
				queue = append(queue, src)
			}
		}
		heap.Init(&queue)
		for len(queue) > 0 {
			src := queue[0]
			if !yield(src.call()) {
				return
			}
			switch {
			case src.left > 0: // still the earliest: a round is one instant
			case src.nextRound():
				heap.Fix(&queue, 0)
			default:
				heap.Pop(&queue)
			}
		}
	}
}

// source makes the calls of one function. Rounds and work are drawn from two
// streams of their own, seeded by the function's name, so that a change to one
// figure, or one function, leaves all others alone.
type source struct {
	index  int
	spec   *FunctionSpec
	rounds *rounds
	work   *rand.Rand
	at     time.Duration
	left   int // calls left in the round
}

func (s *Spec) source(i int) *source {
	f := &s.Functions[i]
	h := fnv.New64a()
	h.Write([]byte(f.Name))
	rounds := rand.New(rand.NewPCG(s.Seed, h.Sum64()))
	work := rand.New(rand.NewPCG(s.Seed, ^h.Sum64()))
	return &source{index: i, spec: f, rounds: newRounds(f, s.Length, rounds), work: work}
}

func (s *source) nextRound() bool {
	var ok bool
	s.at, s.left, ok = s.rounds.next()
	return ok
}

func (s *source) call() Call {
	s.left--
	return Call{
		Offset:   s.at,
		Function: s.index,
		CPU:      milliseconds(s.spec.CPUMS.draw(s.work)),
		Sleep:    milliseconds(s.spec.SleepMS.draw(s.work)),
		Touch:    int64(s.spec.UseMB.draw(s.work) * s.spec.UseOwnFrac * MiB),
	}
}

// sources is a heap: the earliest first, and of those the first in the file.
type sources []*source

func (q sources) Len() int { return len(q) }
func (q sources) Less(i, j int) bool {
	if q[i].at != q[j].at {
		return q[i].at < q[j].at
	}
	return q[i].index < q[j].index
}
func (q sources) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *sources) Push(x any)   { *q = append(*q, x.(*source)) }
func (q *sources) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
