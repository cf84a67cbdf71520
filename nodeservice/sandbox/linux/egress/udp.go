package egress

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// A flow of datagrams ends when none has come or gone for so long.
const (
	idleFlow = time.Minute
	idleDNS  = 5 * time.Second
)

const largestDatagram = 64 << 10

// acceptUDP begins a flow. Where it returns false the function is told that the port is unreachable.
func (l *Link) acceptUDP(request *udp.ForwarderRequest) bool {
	target := target(request.ID())
	if !l.reserve() {
		l.refuse("udp", target, errTooMany)
		return false
	}
	remote, err := l.gateway.dial(l.ctx, "udp", target)
	if err != nil {
		l.release()
		l.refuse("udp", target, err)
		return false
	}
	var events waiter.Queue
	endpoint, failed := request.CreateEndpoint(&events)
	if failed != nil {
		remote.Close()
		l.release()
		return false
	}
	idle := idleFlow
	if isDNS(target) {
		idle = idleDNS
	}
	go func() {
		defer l.release()
		answered := l.exchange(gonet.NewUDPConn(&events, endpoint), remote, idle)
		if isDNS(target) && !answered {
			l.gateway.resolver.next()
		}
	}()
	return true
}

// exchange copies datagrams until none has come or gone for that long, and reports whether any came back.
func (l *Link) exchange(local, remote net.Conn, idle time.Duration) bool {
	ctx, cancel := context.WithCancel(l.ctx)
	defer cancel()
	expiry := time.AfterFunc(idle, cancel)
	defer expiry.Stop()
	defer context.AfterFunc(ctx, func() {
		local.Close()
		remote.Close()
	})()
	var answered atomic.Bool
	var both sync.WaitGroup
	both.Go(func() {
		defer cancel()
		forward(remote, local, func() { expiry.Reset(idle) })
	})
	both.Go(func() {
		defer cancel()
		forward(local, remote, func() {
			answered.Store(true)
			expiry.Reset(idle)
		})
	})
	both.Wait()
	return answered.Load()
}

// forward copies datagrams until one side is closed, or says that nobody is there.
func forward(to, from net.Conn, each func()) {
	datagram := make([]byte, largestDatagram)
	for {
		n, err := from.Read(datagram)
		if err != nil {
			return
		}
		each()
		_, err = to.Write(datagram[:n])
		// An errno is about one datagram, which is too large for instance.
		if _, once := errors.AsType[syscall.Errno](err); err != nil && !once {
			return
		}
	}
}
