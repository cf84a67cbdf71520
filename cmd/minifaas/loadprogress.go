package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/minifaas/minifaas/internal/progress"
)

const (
	// lookEvery is how often the state of something is shown anew, sayAfter and sayEvery when
	// something is said that has no end in sight.
	lookEvery = 200 * time.Millisecond
	sayAfter  = 2 * time.Second
	sayEvery  = 10 * time.Second
)

// showWhile shows, until the returned function is called, how far something is, also while
// it is between two of its steps. A total of 0 is not known: then the note says what is
// going on, and is repeated with the time that it has taken so far.
func showWhile(out *os.File, what, unit string, state func() (done, total int, note string)) (stop func()) {
	display, begun, next := progress.New(out, what, unit), time.Now(), sayAfter
	look := func() {
		done, total, note := state()
		if total > 0 {
			display.Show(done, total, note)
			return
		}
		if passed := time.Since(begun); passed >= next {
			next = passed + sayEvery
			fmt.Fprintf(out, "%s: %s, for %v\n", what, note, passed.Round(time.Second))
		}
	}
	over := make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() {
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				look()
			case <-over:
				display.End()
				return
			}
		}
	})
	return func() {
		close(over)
		looking.Wait()
	}
}

// sayWhile says what is going on with the platform, as showWhile does.
func sayWhile(note string) (stop func()) {
	return showWhile(os.Stderr, "platform", "", func() (int, int, string) { return 0, 0, note })
}

// timeWhile shows how much of a time has passed.
func timeWhile(what, note string, length time.Duration) (stop func()) {
	begun, all := time.Now(), max(1, int(length.Seconds()))
	return showWhile(os.Stderr, what, "seconds", func() (int, int, string) {
		return min(int(time.Since(begun).Seconds()), all), all, note
	})
}

// counter is a state for showWhile that somebody sets who is told now and then. It is
// safe for concurrent use.
type counter struct {
	mu          sync.Mutex // guards what follows
	done, total int
}

func (c *counter) set(done, total int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done, c.total = done, total
}

// state has the note only as long as nothing is known.
func (c *counter) state(note string) func() (done, total int, note string) {
	return func() (int, int, string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.total > 0 {
			return c.done, c.total, ""
		}
		return 0, 0, note
	}
}
