package replay

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

const (
	barEvery  = 200 * time.Millisecond
	lineEvery = 10 * time.Second
)

// display is where progress goes. end leaves the line to whoever writes next.
type display struct {
	show func(progress)
	end  func()
}

// showProgress shows, until the returned function is called, how many of so
// many calls have ended: a bar on a terminal, lines elsewhere, nothing on nil.
func showProgress(w io.Writer, t *tally, calls int) (stop func()) {
	if w == nil {
		return func() {}
	}
	d, every := lines(w, calls), lineEvery
	if isTerminal(w) {
		d, every = bar(w, calls), barEvery
	}
	done := make(chan struct{})
	var shown sync.WaitGroup
	shown.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				d.show(t.progress())
			case <-done:
				d.show(t.progress())
				d.end()
				return
			}
		}
	})
	return func() {
		close(done)
		shown.Wait()
	}
}

// progress is how many calls have ended, with or without success, how many of
// those failed, and how many are in flight.
type progress struct{ ended, failed, inFlight int }

func (t *tally) progress() progress {
	t.mu.Lock()
	defer t.mu.Unlock()
	return progress{t.ended + t.unanswered, t.failed, t.inFlight}
}

func lines(w io.Writer, calls int) display {
	return display{
		show: func(p progress) {
			fmt.Fprintf(w, "replay: %d of %d calls ended, %d in flight, %d failed\n", p.ended, calls, p.inFlight, p.failed)
		},
		end: func() {},
	}
}

func bar(w io.Writer, calls int) display {
	b := progressbar.NewOptions(calls,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetWidth(30),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(false),
	)
	return display{
		show: func(p progress) {
			b.Describe(fmt.Sprintf("%4d in flight, %d failed", p.inFlight, p.failed))
			_ = b.Set(p.ended) // the screen is all that can fail
		},
		end: func() { _ = b.Clear() },
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
