package egress

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// errTooMany connections of a sandbox, or of the node.
var errTooMany = errors.New("too many connections")

// acceptTCP connects on both sides. The sandbox's own is accepted only when there is the other: what
// refuses a connection, or never answers, does the same to the function.
func (l *Link) acceptTCP(request *tcp.ForwarderRequest) {
	target := target(request.ID())
	if !l.reserve() {
		request.Complete(true)
		l.refuse("tcp", target, errTooMany)
		return
	}
	defer l.release()
	remote, err := l.gateway.dial(l.ctx, "tcp", target)
	if err != nil {
		request.Complete(true)
		l.refuse("tcp", target, err)
		return
	}
	defer remote.Close()
	var events waiter.Queue
	endpoint, failed := request.CreateEndpoint(&events)
	request.Complete(failed != nil)
	if failed != nil {
		return
	}
	local := gonet.NewTCPConn(&events, endpoint)
	defer local.Close()
	l.relay(local, remote.(*net.TCPConn))
}

// halfConn is a connection each of whose directions ends by itself.
type halfConn interface {
	net.Conn
	CloseWrite() error
}

// relay copies until both directions have ended, or one has failed.
func (l *Link) relay(local, remote halfConn) {
	ctx, cancel := context.WithCancel(l.ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		local.Close()
		remote.Close()
	})()
	var both sync.WaitGroup
	forward := func(to, from halfConn) {
		if _, err := io.Copy(to, from); err != nil || to.CloseWrite() != nil {
			cancel()
		}
	}
	both.Go(func() { forward(local, remote) })
	both.Go(func() { forward(remote, local) })
	both.Wait()
}
