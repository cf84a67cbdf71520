package rpc

import (
	"context"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc/mem"

	"github.com/minifaas/minifaas/internal/nonblocking"
)

// conn is a connection as gRPC uses it, whose messages are read and written without the
// runtime's knowing: see package nonblocking.
type conn struct {
	net.Conn
	raw syscall.RawConn

	// Those of the one read that is under way.
	size   int
	pool   mem.BufferPool
	buffer *[]byte
	n      int
	err    error
	step   func(fd uintptr) (done bool)
}

// newConn makes one of a socket; of anything else it returns c.
func newConn(c net.Conn) net.Conn {
	n, ok := nonblocking.NewConn(c).(*nonblocking.Conn)
	if !ok {
		return c
	}
	raw, err := n.SyscallConn()
	if err != nil {
		return c
	}
	if _, ok := c.(*net.TCPConn); ok {
		// As gRPC does where it knows a connection: a peer that does not confirm what it is sent is
		// dead. What a kernel can't do is left to the pings.
		_ = raw.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(keepaliveTimeout.Milliseconds()))
		})
	}
	gc := &conn{Conn: n, raw: raw}
	gc.step = gc.read
	return gc
}

// ReadOnReady is what gRPC calls instead of Read, one after the other: a connection takes
// a buffer when there is something to read, so that idle ones have none.
func (c *conn) ReadOnReady(size int, pool mem.BufferPool) (buffer *[]byte, n int, err error) {
	c.size, c.pool = size, pool
	err = c.raw.Read(c.step)
	buffer, n = c.buffer, c.n
	if err == nil {
		err = c.err
	}
	c.pool, c.buffer, c.n, c.err = nil, nil, 0, nil
	return buffer, n, err
}

func (c *conn) read(fd uintptr) (done bool) {
	c.buffer = c.pool.Get(c.size)
	n, err := nonblocking.Read(fd, *c.buffer)
	if n > 0 {
		c.n = n
		return true
	}
	c.pool.Put(c.buffer)
	c.buffer = nil
	if err == syscall.EAGAIN {
		return false
	}
	if c.err = os.NewSyscallError("read", err); err == nil {
		c.err = io.EOF
	}
	return true
}

// connectTo connects to what gRPC makes of a target: host:port, or unix:@name.
func connectTo(ctx context.Context, target string) (net.Conn, error) {
	network := "tcp"
	if name, ok := strings.CutPrefix(target, "unix:"); ok {
		network, target = "unix", name
	}
	c, err := new(net.Dialer).DialContext(ctx, network, target)
	if err != nil {
		return nil, err
	}
	return newConn(c), nil
}

// listener accepts conns.
type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return newConn(c), nil
}
