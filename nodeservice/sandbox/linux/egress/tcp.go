package egress

import (
	"context"
	"io"
	"net"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// acceptTCP connects on both sides. The sandbox's own is accepted only when there is the other: what
// refuses a connection does so to the function.
func (l *Link) acceptTCP(request *tcp.ForwarderRequest) {
	target := target(request.ID())
	if !l.gateway.quota.reserve(&l.share) {
		l.refuse("tcp", target, errTooMany) // first, as the function's log may be read as soon as it is told
		request.Complete(true)
		return
	}
	defer l.gateway.quota.release(&l.share)
	remote, err := l.dial("tcp", target)
	if err != nil {
		l.refuse("tcp", target, err)
		request.Complete(true)
		return
	}
	var events waiter.Queue
	endpoint, failed := request.CreateEndpoint(&events)
	request.Complete(failed != nil)
	if failed != nil {
		remote.Close()
		return
	}
	l.gateway.metrics.connections.WithLabelValues("tcp").Inc()
	l.relay(gonet.NewTCPConn(&events, endpoint), endpoint, remote.(*net.TCPConn))
	l.drain(endpoint)
}

// halfConn is a connection each of whose directions ends by itself.
type halfConn interface {
	net.Conn
	CloseWrite() error
}

// relay copies until both directions have ended. If one fails both sides are reset, so that
// nobody takes a part for the whole.
func (l *Link) relay(local halfConn, endpoint tcpip.Endpoint, remote *net.TCPConn) {
	ctx, fail := context.WithCancel(l.ctx)
	defer fail()
	alive := context.AfterFunc(ctx, func() {
		endpoint.Abort()
		local.Close()
		_ = remote.SetLinger(0)
		remote.Close()
	})
	var both sync.WaitGroup
	m := l.gateway.metrics
	forward := func(to, from halfConn, bytes prometheus.Counter) {
		if _, err := io.Copy(counted{to, bytes}, from); err != nil || to.CloseWrite() != nil {
			fail()
		}
	}
	both.Go(func() { forward(local, remote, m.received) })
	both.Go(func() { forward(remote, local, m.sent) })
	both.Wait()
	if alive() {
		local.Close()
		remote.Close()
	}
}

// patience is how long a sandbox may leave unread what it was sent when all has been said.
const patience = time.Minute

// drain returns when the sandbox has it all, or takes no more: until then it is held in memory.
func (l *Link) drain(endpoint tcpip.Endpoint) {
	left, since := -1, time.Now()
	for pause := time.Millisecond; !gone(endpoint); pause = min(2*pause, time.Second) {
		if unsent, _ := endpoint.GetSockOptInt(tcpip.SendQueueSizeOption); unsent != left {
			left, since = unsent, time.Now()
		}
		if time.Since(since) > patience || l.ctx.Err() != nil {
			endpoint.Abort()
			return
		}
		select {
		case <-time.After(pause):
		case <-l.ctx.Done():
		}
	}
}

// gone: what is left of the connection holds no data.
func gone(endpoint tcpip.Endpoint) bool {
	switch tcp.EndpointState(endpoint.State()) {
	case tcp.StateClose, tcp.StateError, tcp.StateTimeWait:
		return true
	}
	return false
}
