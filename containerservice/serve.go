package containerservice

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	containerservicepb "github.com/minifaas/minifaas/proto/containerservice"
)

// maxMessage leaves room for what goes along with the largest event or result.
const maxMessage = 8 << 20

// window is the flow-control window of HTTP/2. A fixed one saves the pings that
// gRPC otherwise sends to estimate the bandwidth of a socket within one machine.
const window = 1 << 20

// buffer is what is read or written at once. It stays for as long as the agent
// lives, which is idle mostly; what is larger goes past it.
const buffer = 4 << 10

// Serve serves one connection until the other side closes it.
func (s *Server) Serve(conn net.Conn) error {
	srv := grpc.NewServer(
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.MaxSendMsgSize(maxMessage),
		grpc.StaticStreamWindowSize(window),
		grpc.StaticConnWindowSize(4*window),
		grpc.ReadBufferSize(buffer),
		grpc.WriteBufferSize(buffer),
		// No pings: a node that dies closes the socket, and an agent that was frozen for
		// hours would take its own silence for the node's.
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: math.MaxInt64}),
	)
	containerservicepb.RegisterContainerServiceServer(srv, s)
	l := &once{conn: conn, closed: make(chan struct{})}
	if err := srv.Serve(l); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// once is a listener that accepts the one connection, and ends when that is closed.
type once struct {
	conn   net.Conn
	taken  bool // used by Accept only, which gRPC calls from one goroutine
	ending sync.Once
	closed chan struct{}
}

func (l *once) Accept() (net.Conn, error) {
	if !l.taken {
		l.taken = true
		return &noticed{l.conn, l}, nil
	}
	<-l.closed
	return nil, io.EOF
}

func (l *once) Close() error {
	l.ending.Do(func() { close(l.closed) })
	return nil
}

func (l *once) Addr() net.Addr { return l.conn.LocalAddr() }

// noticed tells the listener when gRPC closes the connection.
type noticed struct {
	net.Conn
	listener *once
}

func (c *noticed) Close() error {
	defer c.listener.Close()
	return c.Conn.Close()
}
