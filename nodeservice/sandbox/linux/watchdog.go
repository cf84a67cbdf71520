package linux

import (
	"sync"
	"time"
)

// watchEvery is how often memory is looked at where the kernel does not limit
// it. What a container can take in between is taken.
const watchEvery = 100 * time.Millisecond

// watchdog kills containers that use more than their memory, and the largest when
// together they use more than the node's.
type watchdog struct {
	stop chan struct{}
	done sync.WaitGroup
}

func watch(r *Runtime) *watchdog {
	w := &watchdog{stop: make(chan struct{})}
	w.done.Go(func() {
		ticker := time.NewTicker(watchEvery)
		defer ticker.Stop()
		for {
			select {
			case <-w.stop:
				return
			case <-ticker.C:
				r.checkMemory()
			}
		}
	})
	return w
}

func (w *watchdog) close() {
	if w == nil {
		return
	}
	close(w.stop)
	w.done.Wait()
}

func (r *Runtime) checkMemory() {
	var (
		sum, most int64
		largest   *container
	)
	for _, c := range r.alive() {
		u := processUsage(c.agent.process.Pid).Memory
		if u > c.memory.Load() {
			c.die(c.outOfMemory())
			continue
		}
		sum += u
		if u > most {
			most, largest = u, c
		}
	}
	if sum > r.cfg.Memory {
		why := largest.outOfMemory()
		why.text = "the node's memory was used up, and it used the most"
		largest.die(why)
	}
}
