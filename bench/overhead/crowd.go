package overhead

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
)

// rates are calls a second in one round.
type rates struct{ echo, invoke float64 }

// crowds makes one block of each kind with all callers.
func (c *Config) crowds(ctx context.Context, plain, apiserver apiserverpb.APIServerClient, request *apiserverpb.InvokeFunctionRequest) (r rates, cold int, err error) {
	if r.echo, _, err = c.crowdedBlock(ctx, plain, request); err != nil {
		return rates{}, 0, fmt.Errorf("echo: %w", err)
	}
	if r.invoke, cold, err = c.crowdedBlock(ctx, apiserver, request); err != nil {
		return rates{}, 0, fmt.Errorf("invoke %s: %w", c.Function, err)
	}
	return r, cold, nil
}

// crowdedBlock lets each caller make its share of calls, one after the other, over
// one connection. It tells how many there were a second, and how many were cold.
func (c *Config) crowdedBlock(ctx context.Context, client apiserverpb.APIServerClient, request *apiserverpb.InvokeFunctionRequest) (perSecond float64, cold int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	each := (c.Block*crowdedBlock + c.Callers - 1) / c.Callers
	var callers sync.WaitGroup
	var allCold atomic.Int64
	begun := time.Now()
	for range c.Callers {
		callers.Go(func() {
			_, cold, err := block(ctx, client, request, each)
			if err != nil {
				cancel(err)
			}
			allCold.Add(int64(cold))
		})
	}
	callers.Wait()
	elapsed := time.Since(begun)
	if ctx.Err() != nil {
		return 0, 0, context.Cause(ctx)
	}
	return float64(each*c.Callers) / elapsed.Seconds(), int(allCold.Load()), nil
}

func (c *Crowd) summarise(callers int, rounds []rates) {
	c.Callers = callers
	c.Echo = median(rounds, func(r rates) float64 { return r.echo })
	c.Invoke = median(rounds, func(r rates) float64 { return r.invoke })
	c.Ratio = median(rounds, func(r rates) float64 { return r.invoke / r.echo })
}

// median is the mean of the two in the middle where there is no middle.
func median(rounds []rates, of func(rates) float64) float64 {
	values := make([]float64, len(rounds))
	for i, r := range rounds {
		values[i] = of(r)
	}
	slices.Sort(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}
