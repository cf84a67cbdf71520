package replay

import (
	"cmp"
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

// showProgress shows, until the returned function is called, how long it is to
// the first call, then how many of so many have ended: a bar on a terminal, lines
// elsewhere, nothing on nil.
func (r *run) showProgress(calls int, first time.Time) (stop func()) {
	w, label := r.cfg.Progress, cmp.Or(r.cfg.Label, "replay")
	if w == nil {
		return func() {}
	}
	d, every := lines(w, label, calls), lineEvery
	if isTerminal(w) {
		d, every = bar(w, label, calls), barEvery
	}
	now := func() progress {
		p := r.tally.progress()
		p.wait = time.Until(first)
		return p
	}
	done := make(chan struct{})
	var shown sync.WaitGroup
	shown.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				d.show(now())
			case <-done:
				d.show(now())
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
// those failed, and how many are in flight. wait is the time to the first one.
type progress struct {
	ended, failed, inFlight int
	wait                    time.Duration
}

func (t *tally) progress() progress {
	t.mu.Lock()
	defer t.mu.Unlock()
	return progress{ended: t.ended + t.unanswered, failed: t.failed, inFlight: t.due - t.ended - t.unanswered}
}

func lines(w io.Writer, label string, calls int) display {
	return display{
		show: func(p progress) {
			if p.wait > 0 {
				fmt.Fprintf(w, "%s: the first of %d calls comes in %v\n", label, calls, p.wait.Round(time.Second))
				return
			}
			fmt.Fprintf(w, "%s: %d of %d calls ended, %d in flight, %d failed\n", label, p.ended, calls, p.inFlight, p.failed)
		},
		end: func() {},
	}
}

func bar(w io.Writer, label string, calls int) display {
	b := progressbar.NewOptions(calls,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetWidth(30),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(false),
	)
	return display{
		show: func(p progress) {
			what := fmt.Sprintf("%4d in flight, %d failed", p.inFlight, p.failed)
			if p.wait > 0 {
				what = fmt.Sprintf("first call in %v", p.wait.Round(time.Second))
			}
			b.Describe(label + ": " + what)
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
