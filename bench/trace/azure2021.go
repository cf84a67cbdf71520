package trace

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/portable"
)

// azure2021Columns are those of the Azure Functions trace of 2021 (Zhang et
// al., "Faster and Cheaper Serverless Computing on Harvested Resources", SOSP
// 2021), in seconds.
var azure2021Columns = []string{"app", "func", "end_timestamp", "duration"}

// readAzure2021 reads the trace, whose rows may be in any order: they tell when
// calls end. Memory is not in it: it is drawn for each function.
func readAzure2021(r io.Reader, name string, opts Options) (*Workload, error) {
	t, err := newTable(r)
	if err != nil {
		return nil, fmt.Errorf("read Azure 2021: %w", err)
	}
	at, err := t.columns(azure2021Columns...)
	if err != nil {
		return nil, fmt.Errorf("read Azure 2021: %w", err)
	}
	if len(t.header) > len(at) {
		return nil, fmt.Errorf("read Azure 2021: line 1: unknown columns beside %q", azure2021Columns)
	}
	e := azure2021Reader{table: t, at: at, seed: cmp.Or(opts.Seed, 1), index: make(map[[2]string]int), names: make(map[string]bool)}
	if err := t.each(e.readRow); err != nil {
		return nil, fmt.Errorf("read Azure 2021: %w", err)
	}
	if len(e.calls) == 0 {
		return nil, errors.New("read Azure 2021: there is no call after the header")
	}
	slices.SortStableFunc(e.calls, func(a, b Call) int { return cmp.Compare(a.Offset, b.Offset) })
	if first := e.calls[0].Offset; first < 0 { // calls under way when the trace began
		for i := range e.calls {
			e.calls[i].Offset -= first
		}
	}
	w := e.workload(name, opts.Length)
	w.Seed = e.seed
	w.Notes = append(w.Notes, "the trace tells no memory: each function's is drawn from the distribution that was published for Azure in 2019",
		"calls sleep for their duration")
	return w, nil
}

type azure2021Reader struct {
	*table
	events
	at    []int
	seed  uint64
	index map[[2]string]int // of functions by app and func
	names map[string]bool
}

func (e *azure2021Reader) readRow() error {
	end, err := e.number(e.at[2], maxLength.Seconds())
	if err != nil {
		return err
	}
	duration, err := e.number(e.at[3], maxLength.Seconds())
	if err != nil {
		return err
	}
	f, err := e.function()
	if err != nil {
		return err
	}
	e.add(Call{
		Offset: milliseconds(end*1000) - milliseconds(duration*1000), Function: f, Sleep: milliseconds(duration * 1000),
	}, 0)
	return nil
}

func (e *azure2021Reader) function() (int, error) {
	if i, ok := e.index[[2]string{e.row[e.at[0]], e.row[e.at[1]]}]; ok {
		return i, nil
	}
	app, err := e.text(e.at[0])
	if err != nil {
		return 0, err
	}
	name, err := e.text(e.at[1])
	if err != nil {
		return 0, err
	}
	rng := rand.New(rand.NewPCG(e.seed, hashOf(app+"/"+name)))
	i := e.declare(Function{
		Name: shortName(e.names, app, name), Kind: Sleep, Runtime: function.Native,
		Memory: int64(burrMemory(rng) * MiB),
	})
	e.index[[2]string{app, name}] = i
	return i, nil
}

// shortName is made of the beginnings of the identifiers, which are long
// hashes, and is not among those taken.
func shortName(taken map[string]bool, ids ...string) string {
	const length = 8
	base := ""
	for _, id := range ids {
		if base != "" {
			base += "-"
		}
		base += id[:min(len(id), length)]
	}
	name := base
	for i := 2; taken[name]; i++ {
		name = fmt.Sprintf("%s-%d", base, i)
	}
	taken[name] = true
	return name
}

// burrMemory draws the memory of a function in MiB: the Burr distribution that
// Shahrad et al., "Serverless in the Wild" (USENIX ATC 2020), fitted to the
// applications of Azure Functions. Its median is 140;
// what is above 1,536, one in 950, is drawn again.
func burrMemory(rng *rand.Rand) float64 {
	const c, k, lambda, most = 11.652, 0.221, 107.083, 1536
	for {
		tail := portable.Pow(1-rng.Float64(), -1/k)
		if mb := lambda * portable.Pow(tail-1, 1/c); mb <= most {
			return mb
		}
	}
}
