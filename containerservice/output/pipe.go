package output

import (
	"fmt"
	"os"
	"sync"
	"syscall"

	"github.com/minifaas/minifaas/internal/nonblocking"
)

// Pipe takes the output of a process and gives it to the logs that are
// attached: to all of them, as the pipe can't tell who wrote. What comes while
// none is attached is dropped.
type Pipe struct {
	read *os.File
	raw  syscall.RawConn

	mu   sync.Mutex // guards logs and buf, and makes reading and giving one step
	logs map[*Log]struct{}
	buf  []byte
}

// most is more than a pipe holds: drain stops there, as a process may write for ever.
const most = 1 << 20

// NewPipe returns a pipe, and the end to be given to the process; the caller closes that.
func NewPipe() (*Pipe, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("make output pipe: %w", err)
	}
	raw, err := r.SyscallConn()
	if err != nil {
		r.Close()
		w.Close()
		return nil, nil, fmt.Errorf("make output pipe: %w", err)
	}
	p := &Pipe{read: r, raw: raw, logs: map[*Log]struct{}{}, buf: make([]byte, 16<<10)}
	go p.pump()
	return p, w, nil
}

// Attach gives output from now on to l also.
func (p *Pipe) Attach(l *Log) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.logs[l] = struct{}{}
}

// Detach gives l what has been written so far, and no more.
func (p *Pipe) Detach(l *Log) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drain()
	delete(p.logs, l)
}

// Flush gives the logs what has been written so far.
func (p *Pipe) Flush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drain()
}

// drain reads what the pipe holds. p.mu is held.
func (p *Pipe) drain() {
	for n := 0; n < most; {
		got := 0
		_ = p.raw.Control(func(fd uintptr) { got, _ = p.take(fd) })
		if got <= 0 {
			break
		}
		n += got
	}
}

// Close ends reading; a process that still writes gets EPIPE.
func (p *Pipe) Close() { p.read.Close() }

// pump reads until Close, or until no process has the other end any more.
func (p *Pipe) pump() {
	_ = p.raw.Read(func(fd uintptr) bool {
		for {
			p.mu.Lock()
			n, err := p.take(fd)
			p.mu.Unlock()
			if err == syscall.EAGAIN {
				return false // wait for more
			}
			if n <= 0 {
				return true
			}
		}
	})
}

// take reads once, without waiting. p.mu is held.
func (p *Pipe) take(fd uintptr) (int, error) {
	n, err := nonblocking.Read(fd, p.buf)
	if n > 0 {
		for l := range p.logs {
			_, _ = l.Write(p.buf[:n])
		}
	}
	return n, err
}
