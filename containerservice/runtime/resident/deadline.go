package resident

import (
	"fmt"
	"time"
)

// watch sets the alarm for a deadline, unless it goes off before that anyway. A
// timer for each invocation would wake the runtime's poller every time; this way
// invocations of the same timeout set one now and then. w.mu is held.
func (w *worker) watch(deadline time.Time) {
	if !w.wakes.IsZero() && !deadline.Before(w.wakes) {
		return
	}
	w.wakes = deadline
	if w.alarm == nil {
		w.alarm = time.AfterFunc(time.Until(deadline), w.expire)
	} else {
		w.alarm.Reset(time.Until(deadline))
	}
}

// expire kills the worker if one of its invocations is past its deadline.
func (w *worker) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wakes = time.Time{}
	now := time.Now()
	for _, k := range w.calls {
		if now.Before(k.deadline) {
			w.watch(k.deadline)
			continue
		}
		if w.why == "" {
			w.why = fmt.Sprintf("killed as an invocation ran longer than its timeout of %v", k.timeout)
		}
		go w.proc.Kill()
		return
	}
}
