package cold

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/minifaas/minifaas/bench/load"
)

// bursts have the reserve filled, by the first, which does not count.
func (m *rating) bursts(ctx context.Context) error {
	for n := range bursts + 1 {
		if err := m.node.settle(ctx); err != nil {
			return err
		}
		took, err := m.burst(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			m.rate.Bursts = append(m.rate.Bursts, took)
		}
	}
	m.rate.Bursts = newTimes(m.rate.Bursts)
	m.Progress(fmt.Sprintf("bursts of %d", BurstSize), load.Step{P50: m.rate.Bursts.P50()})
	return nil
}

// burst is how long it takes until the last of many starts at once is answered.
func (m *rating) burst(ctx context.Context) (time.Duration, error) {
	var (
		mu      sync.Mutex // guards what follows
		last    time.Duration
		faults  []error
		running sync.WaitGroup
		removed = make(chan struct{}) // closed when all are answered: removals come after
		answers sync.WaitGroup
	)
	begun := time.Now()
	answers.Add(BurstSize)
	for range BurstSize {
		running.Go(func() {
			turn := int(m.turns.Add(1)) % RateFunctions
			s, err := m.node.start(ctx, m.Subject.function(turn))
			took := time.Since(begun)
			answers.Done()
			<-removed
			err = errors.Join(err, m.node.remove(ctx, s))
			mu.Lock()
			defer mu.Unlock()
			last, faults = max(last, took), append(faults, err)
		})
	}
	answers.Wait()
	close(removed)
	running.Wait()
	return last, errors.Join(faults...)
}
