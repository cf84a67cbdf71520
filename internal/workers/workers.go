// Package workers keeps goroutines that have done their work for the next one. Their stacks
// have grown already: to grow that of a new one took a seventh of a node's CPU for a warm call.
package workers

import "sync"

// Workers run functions, each in a goroutine of its own while it runs.
type Workers struct {
	most   int
	next   chan func() // to one that is idle
	closed chan struct{}

	mu   sync.Mutex // guards idle
	idle int
}

// New makes workers of which none is there yet, and so many at most are kept idle: each
// has a stack of a few kilobytes.
func New(most int) *Workers {
	return &Workers{most: most, next: make(chan func()), closed: make(chan struct{})}
}

// Go runs f, and does not wait for it.
func (w *Workers) Go(f func()) {
	select {
	case w.next <- f:
	default:
		go w.work(f)
	}
}

// Close ends the goroutines that are idle, and others when they get so. It is called once;
// Go may be called all the same.
func (w *Workers) Close() { close(w.closed) }

func (w *Workers) work(f func()) {
	for {
		f()
		if !w.rest(+1) {
			return
		}
		select {
		case f = <-w.next:
			w.rest(-1)
		case <-w.closed:
			return
		}
	}
}

// rest counts one more, or less, that is idle, unless that would be too many.
func (w *Workers) rest(n int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.idle+n > w.most {
		return false
	}
	w.idle += n
	return true
}
