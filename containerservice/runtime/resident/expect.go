package resident

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/minifaas/minifaas/containerservice/frame"
	"github.com/minifaas/minifaas/containerservice/output"
	"github.com/minifaas/minifaas/containerservice/process"
	"github.com/minifaas/minifaas/containerservice/runtime"
)

// ErrNoWorker: the worker that was to be forked outside ended before it was asked
// for anything, or never came.
var ErrNoWorker = errors.New("no worker came")

// maxPID is the longest process id, in digits.
const maxPID = 10

// Expected waits for a worker that is forked outside of the sandbox.
type Expected struct {
	w      *worker
	reader *frame.Reader // of the socket
	// The worker's ends, open for somebody else to take.
	socket, output *os.File
}

// Expect makes the ends of a worker that somebody else will put into the sandbox.
func Expect() (*Expected, error) {
	conn, theirs, err := socketpair()
	if err != nil {
		return nil, err
	}
	pipe, out, err := output.NewPipe()
	if err != nil {
		conn.Close()
		theirs.Close()
		return nil, err
	}
	w := newWorker(runtime.Function{})
	w.conn, w.pipe, w.frames = conn, pipe, frame.NewWriter(conn)
	return &Expected{w: w, reader: frame.NewReader(conn), socket: theirs, output: out}, nil
}

// Descriptors are those of this process that are to be the worker's socket and output.
func (e *Expected) Descriptors() (socket, output int) {
	return int(e.socket.Fd()), int(e.output.Fd())
}

// Load tells the worker, which must have the ends by now, its function; see
// runtime.Starter. The error is ErrNoWorker where none came.
func (e *Expected) Load(ctx context.Context, f runtime.Function) (runtime.Runtime, string, error) {
	// From here on the socket ends when the worker does.
	e.socket.Close()
	e.output.Close()
	w := e.w
	w.function, w.load = f, output.NewLog(f.LogLimit)
	w.pipe.Attach(w.load)
	// It finds what it is to load when it comes, and need not wait for us.
	_ = w.tell(f)
	begun := time.Now()
	_ = w.conn.SetReadDeadline(begun.Add(f.LoadTimeout))
	left := context.AfterFunc(ctx, func() { _ = w.conn.SetReadDeadline(begun) })
	err := e.greet()
	if left() && err == nil {
		err = w.conn.SetReadDeadline(time.Time{})
	}
	if err != nil {
		w.pipe.Detach(w.load)
		e.Close()
		return nil, "", fmt.Errorf("%w: %w: %s", ErrNoWorker, err, w.load)
	}
	w.memory.worker = w.memory.meter.Watch(w.proc.PID())
	go w.read(e.reader)
	return w.await(ctx)
}

// greet hears who the worker is. It says so before it runs anything of the function, so it is true.
func (e *Expected) greet() error {
	r := e.reader
	h, err := r.Next()
	if err != nil {
		return err
	}
	if h.Type != frame.Waiting || h.Size > maxPID {
		return fmt.Errorf("frame of type %d and %d bytes where it was to say who it is", h.Type, h.Size)
	}
	text, err := r.Payload()
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(string(text))
	if err != nil {
		return fmt.Errorf("process id: %w", err)
	}
	e.w.proc, err = process.Adopt(pid)
	return err
}

// Close ends the expectation: a worker that comes finds nobody, and ends.
func (e *Expected) Close() {
	e.socket.Close()
	e.output.Close()
	e.w.conn.Close()
	e.w.pipe.Close()
}

// Done is never closed: there is nothing yet that could die.
func (e *Expected) Done() <-chan struct{} { return nil }
