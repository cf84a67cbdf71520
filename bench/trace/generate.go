package trace

import (
	"container/heap"
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"time"
)

// Workload makes the specification's calls as they are asked for: nothing is
// held but the next round of each function, and those that follow calls under
// way. The specification must be valid and is not kept.
func (s *Spec) Workload() (*Workload, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	g := generator{length: s.Length, seed: s.Seed, functions: s.replicas()}
	w := &Workload{Name: s.Name, Length: s.Length, Seed: s.Seed, calls: g.calls()}
	for _, f := range g.functions {
		w.Functions = append(w.Functions, f.function())
	}
	for i := range s.Functions {
		if note := newRounds(&s.Functions[i], s.Length, nil).squeezed(); note != "" {
			w.Notes = append(w.Notes, note)
		}
	}
	return w, nil
}

func (f *FunctionSpec) function() Function {
	return Function{
		Name: f.Name, Account: f.Account, Kind: f.Kind, Runtime: f.Runtime,
		Memory: f.MemoryMB * MiB, Resident: int64((1 - f.UseOwnFrac) * f.UseMB.Mean * MiB), Timeout: f.Timeout,
	}
}

// generator makes the calls of functions.
type generator struct {
	length    time.Duration
	seed      uint64
	functions []FunctionSpec
}

// calls merges the functions' own sequences by time.
func (g *generator) calls() iter.Seq[Call] {
	return func(yield func(Call) bool) {
		sources := g.sources()
		var queue roundQueue
		for i, src := range sources {
			if at, calls, ok := src.rounds.next(); ok {
				queue = append(queue, &round{at: at, function: i, calls: calls})
			}
		}
		heap.Init(&queue)
		for len(queue) > 0 {
			r := queue[0] // stays there: no follower comes before it
			src := sources[r.function]
			for range r.calls {
				c := src.call(r.at, r.function)
				if !yield(c) {
					return
				}
				for _, follower := range src.followers {
					if at, calls, ok := sources[follower].rounds.after(c); ok {
						heap.Push(&queue, &round{at: at, function: follower, calls: calls})
					}
				}
			}
			var ok bool
			if r.at, r.calls, ok = src.rounds.next(); ok {
				heap.Fix(&queue, 0)
			} else {
				heap.Pop(&queue)
			}
		}
	}
}

// source makes the calls of one function. Rounds and work are drawn from two
// streams of their own, seeded by the function's name, so that a change to one
// figure, or one function, leaves all others alone.
type source struct {
	spec      *FunctionSpec
	rounds    *rounds
	work      *rand.Rand
	followers []int
}

func (g *generator) sources() []*source {
	all := make([]*source, len(g.functions))
	byName := make(map[string]*source, len(all))
	for i := range all {
		f := &g.functions[i]
		name := hashOf(f.Name)
		roundsRand := rand.New(rand.NewPCG(g.seed, name))
		all[i] = &source{
			spec:   f,
			rounds: newRounds(f, g.length, roundsRand),
			work:   rand.New(rand.NewPCG(g.seed, ^name)),
		}
		byName[f.Name] = all[i]
		if f.Follows != "" {
			leader := byName[f.Follows]
			leader.followers = append(leader.followers, i)
		}
	}
	return all
}

// hashOf makes of a name the stream of chance that belongs to it.
func hashOf(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
}

func (s *source) call(at time.Duration, function int) Call {
	return Call{
		Offset:   at,
		Function: function,
		CPU:      milliseconds(s.spec.CPUMS.draw(s.work)),
		Sleep:    milliseconds(s.spec.SleepMS.draw(s.work)),
		Touch:    int64(s.spec.UseMB.draw(s.work) * s.spec.UseOwnFrac * MiB),
	}
}

// round is a number of calls of one function at one instant.
type round struct {
	at              time.Duration
	function, calls int
}

// roundQueue is a heap: the earliest first, and of those the first in the file.
type roundQueue []*round

func (q roundQueue) Len() int { return len(q) }
func (q roundQueue) Less(i, j int) bool {
	if q[i].at != q[j].at {
		return q[i].at < q[j].at
	}
	return q[i].function < q[j].function
}
func (q roundQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *roundQueue) Push(x any)   { *q = append(*q, x.(*round)) }
func (q *roundQueue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
