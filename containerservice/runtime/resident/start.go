package resident

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/containerservice/frame"
	"github.com/minifaas/minifaas/containerservice/output"
	"github.com/minifaas/minifaas/containerservice/process"
	"github.com/minifaas/minifaas/containerservice/rss"
	"github.com/minifaas/minifaas/containerservice/runtime"
	"github.com/minifaas/minifaas/internal/nonblocking"
)

// Command says how the worker is started.
type Command struct {
	Path string
	Args []string
	// Dir is where it is started; empty is the function's folder.
	Dir string
	// Stdin is what the worker reads on its standard input.
	Stdin []byte
	// More are its descriptors from 4 on. They stay the caller's to close.
	More []*os.File
}

// socketFD is the worker's end of the socket, and the value of MINIFAAS_FD.
const socketFD = "3"

// Start starts a worker and returns when it is ready; see runtime.Starter.
func Start(ctx context.Context, f runtime.Function, cmd Command) (runtime.Runtime, string, error) {
	w := newWorker(f)
	if err := w.start(cmd); err != nil {
		return nil, "", err
	}
	return w.await(ctx)
}

func newWorker(f runtime.Function) *worker {
	return &worker{
		function: f,
		memory:   memory{meter: rss.NewMeter()},
		load:     output.NewLog(f.LogLimit),
		loaded:   make(chan *runtime.Error, 1),
		calls:    map[uint64]*call{},
	}
}

// await returns when the worker is ready, or can't be.
func (w *worker) await(ctx context.Context) (runtime.Runtime, string, error) {
	err := w.awaitLoad(ctx)
	if err != nil {
		w.proc.Kill()
	}
	w.pipe.Detach(w.load)
	if err != nil {
		return nil, w.load.String(), err
	}
	return w, w.load.String(), nil
}

func (w *worker) start(cmd Command) error {
	conn, theirs, err := socketpair()
	if err != nil {
		return fmt.Errorf("start worker: %w", err)
	}
	defer theirs.Close()
	pipe, out, err := output.NewPipe()
	if err != nil {
		conn.Close()
		return err
	}
	defer out.Close()
	pipe.Attach(w.load)
	stdin, err := feed(cmd.Stdin)
	if err != nil {
		conn.Close()
		pipe.Close()
		return fmt.Errorf("start worker: %w", err)
	}
	defer stdin.Close()
	env := map[string]string{"MINIFAAS_FD": socketFD}
	w.proc, err = process.Start(process.Spec{
		Path:  cmd.Path,
		Args:  cmd.Args,
		Env:   w.function.Environ(env),
		Dir:   cmp.Or(cmd.Dir, w.function.CodeDir),
		Files: append([]*os.File{stdin, out, out, theirs}, cmd.More...),
	})
	if err != nil {
		conn.Close()
		pipe.Close()
		return err
	}
	w.conn, w.pipe = conn, pipe
	w.frames = frame.NewWriter(conn)
	w.memory.worker = w.memory.meter.Watch(w.proc.PID())
	go w.read(frame.NewReader(conn))
	return nil
}

// awaitLoad waits until the function is loaded, or can't be.
func (w *worker) awaitLoad(ctx context.Context) error {
	limit := time.NewTimer(w.function.LoadTimeout)
	defer limit.Stop()
	check := time.NewTicker(20 * time.Millisecond)
	defer check.Stop()
	for {
		select {
		case fault := <-w.loaded:
			if fault != nil {
				return fault
			}
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-limit.C:
			return runtime.LoadTimeout(w.function.LoadTimeout)
		case <-check.C:
			if w.load.Total() > runtime.MaxLoadOutput {
				return runtime.TooMuchOutput()
			}
		}
	}
}

// socketpair returns our end and the worker's.
func socketpair() (net.Conn, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make socket pair: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "agent"), os.NewFile(uintptr(fds[1]), "worker")
	defer ours.Close() // net.FileConn duplicates it
	conn, err := net.FileConn(ours)
	if err != nil {
		theirs.Close()
		return nil, nil, fmt.Errorf("make socket pair: %w", err)
	}
	return nonblocking.NewConn(conn), theirs, nil
}

// feed returns a file that reads as b.
func feed(b []byte) (*os.File, error) {
	if len(b) == 0 {
		return os.Open(os.DevNull)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	go func() {
		_, _ = w.Write(b) // fails if the reader does not want it all
		w.Close()
	}()
	return r, nil
}
