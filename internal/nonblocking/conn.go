package nonblocking

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// most is how many bytes go at once: those of longer messages are worth telling the runtime.
const most = 64 << 10

// Conn is a connection whose small messages are read and written without the runtime's
// knowing. All else, also to wait, is as without it.
type Conn struct {
	net.Conn
	raw     syscall.RawConn
	in, out transfer
}

// transfer is one call of Read or Write. It is kept for the next one: as a field it
// costs no allocation.
type transfer struct {
	mu   sync.Mutex // held by who reads, or writes
	p    []byte
	n    int
	err  error
	step func(fd uintptr) (done bool)
}

// NewConn makes one of a socket; of anything else it returns conn.
func NewConn(conn net.Conn) net.Conn {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return conn
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return conn
	}
	n := &Conn{Conn: conn, raw: raw}
	n.in.step, n.out.step = n.in.read, n.out.write
	return n
}

// SyscallConn is that of the socket.
func (c *Conn) SyscallConn() (syscall.RawConn, error) { return c.raw, nil }

// Read is net.Conn's.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return c.Conn.Read(p)
	}
	n, err := c.in.run(c.raw.Read, p[:min(len(p), most)])
	if err == nil && n == 0 {
		err = io.EOF
	}
	return n, err
}

// Write is net.Conn's.
func (c *Conn) Write(p []byte) (int, error) {
	if len(p) > most {
		return c.Conn.Write(p)
	}
	return c.out.run(c.raw.Write, p)
}

// WriteBuffers writes all of them in one call, where the kernel takes as much.
func (c *Conn) WriteBuffers(buffers *net.Buffers) (int64, error) { return buffers.WriteTo(c.Conn) }

// run waits until step is done. What goes wrong with waiting, as a deadline, is wait's error.
func (t *transfer) run(wait func(func(uintptr) bool) error, p []byte) (n int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.p, t.n, t.err = p, 0, nil
	err = wait(t.step)
	if err == nil {
		err = t.err
	}
	t.p = nil
	return t.n, err
}

func (t *transfer) read(fd uintptr) (done bool) {
	n, err := Read(fd, t.p)
	if err == syscall.EAGAIN {
		return false
	}
	t.n, t.err = n, os.NewSyscallError("read", err)
	return true
}

func (t *transfer) write(fd uintptr) (done bool) {
	for t.n < len(t.p) {
		n, err := Write(fd, t.p[t.n:])
		if err == syscall.EAGAIN {
			return false
		}
		if err != nil {
			t.err = os.NewSyscallError("write", err)
			break
		}
		t.n += n
	}
	return true
}
