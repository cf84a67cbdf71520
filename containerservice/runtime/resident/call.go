package resident

import (
	"fmt"
	"time"

	"github.com/minifaas/minifaas/containerservice/output"
	"github.com/minifaas/minifaas/containerservice/process"
	"github.com/minifaas/minifaas/containerservice/runtime"
)

// call is an invocation in the worker.
type call struct {
	id       uint64
	start    time.Time
	deadline time.Time
	timeout  time.Duration
	log      *output.Log

	abandoned bool // it was canceled, and CancelGrace is over; guarded by worker.mu

	done   chan struct{}  // closed when the fields below are set
	result runtime.Result // but for Log and PeakMemory
	err    error
}

// finish answers an invocation that is still running.
func (w *worker) finish(id uint64, body []byte, fault *runtime.Error) {
	w.mu.Lock()
	k := w.calls[id]
	delete(w.calls, id)
	alone, lost := w.abandoned(), w.why != ""
	var took time.Duration
	if k != nil {
		w.unread.Add(1)
		took = time.Since(k.start)
		if took >= brief {
			w.low = time.Time{}
		}
	}
	w.mu.Unlock()
	if k == nil {
		return
	}
	k.result = runtime.Result{Body: body, Error: fault, Duration: took, Lost: lost}
	close(k.done)
	if alone {
		go w.kill(whyCanceled) // the caller is the reader, whom the kill waits for
	}
}

// bury answers the invocations that the worker took with it.
func (w *worker) bury(exit process.Exit) {
	w.mu.Lock()
	killed := w.why != ""
	if !killed {
		w.why = "worker " + exit.String()
	}
	why, calls := w.why, w.calls
	w.calls = nil
	w.unread.Add(int32(len(calls)))
	w.mu.Unlock()
	now := time.Now()
	for _, k := range calls {
		k.result = runtime.Result{Duration: now.Sub(k.start), Lost: true}
		switch {
		case !now.Before(k.deadline):
			k.result.Error = runtime.Timeout(k.timeout)
		case !killed && len(calls) == 1:
			k.result.Error = runtime.Exited(exit)
		default:
			k.err = fmt.Errorf("%w: %s", runtime.ErrLost, why)
		}
		close(k.done)
	}
}
