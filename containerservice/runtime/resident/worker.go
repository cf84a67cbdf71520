// Package resident runs functions in a worker: one process that stays, and runs
// many invocations at once over the framed protocol (docs/native-protocol.md).
//
// An invocation can't be killed without its worker. So one that runs past its
// timeout ends the worker: it is told Timeout, the others that they were lost.
// One that is canceled gets CancelGrace to answer; then the worker is killed
// as soon as none but such invocations is left in it.
//
// Output that the worker sends as Log frames is its invocation's alone; what is
// written to the worker's stdout or stderr goes to every invocation that runs
// at the time.
package resident

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minifaas/minifaas/containerservice/frame"
	"github.com/minifaas/minifaas/containerservice/output"
	"github.com/minifaas/minifaas/containerservice/process"
	"github.com/minifaas/minifaas/containerservice/runtime"
)

// CancelGrace is how long a canceled invocation has to answer by itself.
const CancelGrace = 300 * time.Millisecond

// worker is the process and the invocations in it.
type worker struct {
	function runtime.Function
	proc     *process.Process
	memory   memory
	conn     net.Conn
	frames   *frame.Writer
	pipe     *output.Pipe
	load     *output.Log
	loaded   chan *runtime.Error // one value: how loading ended; nil is ready

	mu    sync.Mutex // guards all below
	calls map[uint64]*call
	next  uint64
	why   string // why the worker was killed, or had died; empty while it serves
	// low is when the worker's peak was set to what it held; zero when other than brief
	// invocations have ended since. Until then the peak is about that still, for a while:
	// what is idle may let go of memory.
	low time.Time
	// unread are the invocations that have ended, and whose peak is yet to be read.
	unread atomic.Int32
	// alarm goes off at wakes, which is no later than the earliest deadline.
	alarm *time.Timer
	wakes time.Time
}

// Invoke runs one invocation.
func (w *worker) Invoke(ctx context.Context, c runtime.Call) (runtime.Result, error) {
	k, err := w.begin(c)
	if err != nil {
		return runtime.Result{}, err
	}
	unwatch := context.AfterFunc(ctx, func() { w.cancel(k) })
	// Rounded up: a function that gives up at its deadline is then past it, which is no error of its own.
	deadline := k.deadline.Add(time.Millisecond - 1).UnixMilli()
	// A failed write means that the worker is gone, or going: its end answers.
	_ = w.frames.WriteInvoke(k.id, frame.Invocation{RequestID: c.RequestID, DeadlineMS: deadline}, c.Event)
	<-k.done
	unwatch()
	w.pipe.Detach(k.log)
	k.result.Log = k.log.String()
	w.measure(k)
	if k.err == nil && k.result.Error != nil && !k.result.Lost && ctx.Err() != nil {
		return k.result, ctx.Err() // it stopped as it was told
	}
	return k.result, k.err
}

// measure tells an invocation that has ended its peak.
func (w *worker) measure(k *call) {
	k.result.PeakMemory = w.memory.peak(k.result, w.proc)
	w.unread.Add(-1)
}

// Close kills the worker.
func (w *worker) Close() { w.kill("closed") }

func (w *worker) begin(c runtime.Call) (*call, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.why != "" {
		return nil, fmt.Errorf("%w: %s", runtime.ErrLost, w.why)
	}
	now := time.Now()
	if len(w.calls) == 0 && w.unread.Load() == 0 && now.Sub(w.low) >= recent { // a busy period begins
		w.memory.worker.Reset()
		w.low = now
	}
	w.next++
	k := &call{
		id:       w.next,
		start:    now,
		deadline: now.Add(c.Timeout),
		timeout:  c.Timeout,
		log:      output.NewLog(w.function.LogLimit),
		done:     make(chan struct{}),
	}
	w.calls[k.id] = k
	w.watch(k.deadline)
	w.pipe.Attach(k.log)
	return k, nil
}

// cancel asks an invocation to end, and sees to it that it does.
func (w *worker) cancel(k *call) {
	_ = w.frames.Write(frame.Cancel, k.id)
	select {
	case <-k.done:
		return
	case <-time.After(CancelGrace):
	}
	w.mu.Lock()
	k.abandoned = true
	alone := w.abandoned()
	w.mu.Unlock()
	if alone {
		w.kill(whyCanceled)
	}
}

const whyCanceled = "killed to stop a canceled invocation"

// abandoned reports whether all that is left in the worker is canceled invocations that do not answer.
func (w *worker) abandoned() bool {
	for _, k := range w.calls {
		if !k.abandoned {
			return false
		}
	}
	return len(w.calls) > 0
}

// kill ends the worker for a reason; the first one counts. Its invocations are
// answered when it is gone.
func (w *worker) kill(why string) {
	w.mu.Lock()
	if w.why == "" {
		w.why = why
	}
	w.mu.Unlock()
	w.proc.Kill()
}
