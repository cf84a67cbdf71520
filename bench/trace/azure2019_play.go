package trace

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/portable"
)

// workload plays the trace. Functions that are not called are left out.
func (a *azure2019) workload(name string) (*Workload, error) {
	w := &Workload{Name: name, Seed: a.seed, Length: time.Duration(len(a.minutes)) * time.Minute}
	if a.length > 0 && a.length < w.Length {
		w.Length = a.length
		w.Notes = append(w.Notes, fmt.Sprintf("cut to the first %v", a.length))
	}
	notes, err := a.fillGaps()
	if err != nil {
		return nil, err
	}
	w.Notes = append(w.Notes, notes...)

	names := make(map[string]bool)
	at := make([]int, len(a.functions)) // index of each function in the workload
	for i, called := range a.called() {
		if !called {
			continue
		}
		f := &a.functions[i]
		at[i] = len(w.Functions)
		entry := Function{Name: shortName(names, f.hash), Kind: Sleep, Runtime: function.Native}
		entry.seen(int64(f.memory*MiB), milliseconds(f.longest))
		w.Functions = append(w.Functions, entry)
	}
	if len(w.Functions) == 0 {
		return nil, errors.New("no function is called in this time")
	}
	if n := len(a.functions) - len(w.Functions); n > 0 {
		w.Notes = append(w.Notes, fmt.Sprintf("%d of %d functions are not called in this time and left out", n, len(a.functions)))
	}
	w.Notes = append(w.Notes, "calls sleep for their duration")
	w.calls = a.calls(at, w.Length)
	return w, nil
}

func (a *azure2019) called() []bool {
	called := make([]bool, len(a.functions))
	for _, cells := range a.minutes {
		for _, cell := range cells {
			called[cell.function] = true
		}
	}
	return called
}

// fillGaps gives the functions that are not in the durations or the memory file
// the median of those that are. Without a memory file their memory is drawn.
func (a *azure2019) fillGaps() (notes []string, err error) {
	var timed []int // functions with execution times
	var sizes []float64
	for i, f := range a.functions {
		if f.longest > 0 {
			timed = append(timed, i)
		}
		if f.memory > 0 {
			sizes = append(sizes, f.memory)
		}
	}
	if len(timed) == 0 {
		return nil, errors.New("no function of the invocations file is in the durations file: they are not of the same day")
	}
	var typical azureFunction
	for p := range percentiles {
		slices.SortFunc(timed, func(i, j int) int { return cmp.Compare(a.functions[i].logs[p], a.functions[j].logs[p]) })
		typical.logs[p] = a.functions[timed[len(timed)/2]].logs[p]
		typical.longest = a.functions[timed[len(timed)/2]].longest
	}
	if n := len(sizes); n > 0 {
		slices.Sort(sizes)
		typical.memory = sizes[n/2]
	}
	for i := range a.functions {
		f := &a.functions[i]
		if f.longest == 0 {
			f.logs, f.longest = typical.logs, typical.longest
		}
		switch {
		case len(sizes) == 0:
			f.memory = burrMemory(rand.New(rand.NewPCG(a.seed, ^hashOf(f.hash))))
		case f.memory == 0:
			f.memory = typical.memory
		}
	}
	all := len(a.functions)
	if n := all - len(timed); n > 0 {
		notes = append(notes, fmt.Sprintf("%d of %d functions are not in the durations file: they have the median of the others", n, all))
	}
	switch n := all - len(sizes); {
	case n == all:
		notes = append(notes, "there is no memory of these functions: each one's is drawn from the distribution that was published")
	case n > 0:
		notes = append(notes, fmt.Sprintf("%d of %d functions are not in the memory file: they have the median of the others", n, all))
	}
	return notes, nil
}

// calls draws the calls of each function in each minute from a stream of its
// own, so that they do not depend on other functions, nor on the length.
func (a *azure2019) calls(at []int, length time.Duration) iter.Seq[Call] {
	return func(yield func(Call) bool) {
		var pcg rand.PCG
		rng := rand.New(&pcg)
		var minute []Call
		for m, cells := range a.minutes {
			minute = minute[:0]
			start := time.Duration(m) * time.Minute
			for _, cell := range cells {
				f := &a.functions[cell.function]
				pcg.Seed(a.seed, hashOf(f.hash)+uint64(m))
				for range cell.calls {
					minute = append(minute, Call{
						Offset:   start + time.Duration(rng.Int64N(int64(time.Minute/time.Microsecond)))*time.Microsecond,
						Function: at[cell.function],
						Sleep:    f.draw(rng),
					})
				}
			}
			slices.SortStableFunc(minute, func(a, b Call) int { return cmp.Compare(a.Offset, b.Offset) })
			for _, c := range minute {
				if c.Offset >= length || !yield(c) {
					return
				}
			}
		}
	}
}

// draw is one execution time: its logarithm is linear between the percentiles.
func (f *azureFunction) draw(rng *rand.Rand) time.Duration {
	p := float64(rng.Float64() * 100)
	i := 1
	for p > percentiles[i] {
		i++
	}
	share := (p - percentiles[i-1]) / (percentiles[i] - percentiles[i-1])
	return milliseconds(portable.Exp(f.logs[i-1] + float64((f.logs[i]-f.logs[i-1])*share)))
}
