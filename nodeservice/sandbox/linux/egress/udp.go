package egress

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

const (
	// A flow of datagrams ends when none has come or gone for so long.
	idleFlow = time.Minute
	idleDNS  = 10 * time.Second
	// silentDNS is when another name server gets its turn: before a resolver asks again.
	silentDNS = 2 * time.Second
	// checkedFor is how long it is believed that a target is not the host's.
	checkedFor      = time.Second
	largestDatagram = 64 << 10
)

// flow is what goes to and fro between a port of the sandbox and one elsewhere.
type flow struct {
	local, remote net.Conn
	// sent and received are bytes.
	sent, received prometheus.Counter
	idle           time.Duration
	// check fails when the flow must end.
	check    func() error
	answered atomic.Bool
}

// acceptUDP begins a flow. Where it returns false the function is told that the port is unreachable.
func (l *Link) acceptUDP(request *udp.ForwarderRequest) bool {
	target := target(request.ID())
	if !l.gateway.quota.reserve(&l.share) {
		l.refuse("udp", target, errTooMany)
		return false
	}
	remote, err := l.dial("udp", target)
	if err != nil {
		l.gateway.quota.release(&l.share)
		l.refuse("udp", target, err)
		return false
	}
	var events waiter.Queue
	endpoint, failed := request.CreateEndpoint(&events)
	if failed != nil {
		remote.Close()
		l.gateway.quota.release(&l.share)
		return false
	}
	m := l.gateway.metrics
	m.connections.WithLabelValues("udp").Inc()
	f := &flow{
		sent: m.sent, received: m.received,
		local: gonet.NewUDPConn(&events, endpoint), remote: remote, idle: idleFlow,
		check: func() error { return l.gateway.rules.check(target.Addr()) },
	}
	go func() {
		defer l.gateway.quota.release(&l.share)
		if isDNS(target) {
			l.ask(f)
			return
		}
		f.run(l.ctx)
	}()
	return true
}

// ask runs a flow to a name server, which loses its turn if it does not answer.
func (l *Link) ask(f *flow) {
	f.idle, f.check = idleDNS, func() error { return nil }
	server := f.remote.RemoteAddr().(*net.UDPAddr).AddrPort()
	skip := func() {
		if !f.answered.Load() {
			l.resolver.skip(netip.AddrPortFrom(server.Addr().Unmap(), server.Port()))
		}
	}
	defer time.AfterFunc(silentDNS, skip).Stop()
	f.run(l.ctx)
	skip() // it may have been refused at once
}

// run copies datagrams until none has come or gone for long, or ctx ends.
func (f *flow) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	expiry := time.AfterFunc(f.idle, cancel)
	defer expiry.Stop()
	defer context.AfterFunc(ctx, func() {
		f.local.Close()
		f.remote.Close()
	})()
	var both sync.WaitGroup
	both.Go(func() {
		defer cancel()
		var checked time.Time
		forward(counted{f.remote, f.sent}, f.local, func() error {
			expiry.Reset(f.idle)
			if time.Since(checked) < checkedFor {
				return nil
			}
			checked = time.Now()
			return f.check()
		})
	})
	both.Go(func() {
		defer cancel()
		forward(counted{f.local, f.received}, f.remote, func() error {
			f.answered.Store(true)
			expiry.Reset(f.idle)
			return nil
		})
	})
	both.Wait()
	f.local.Close()
	f.remote.Close()
}

// forward copies datagrams until one side is closed, says that nobody is there, or each fails.
func forward(to io.Writer, from net.Conn, each func() error) {
	datagram := make([]byte, largestDatagram)
	for {
		n, err := from.Read(datagram)
		if err != nil || each() != nil {
			return
		}
		_, err = to.Write(datagram[:n])
		// An errno is about one datagram, which is too large for instance.
		if _, once := errors.AsType[syscall.Errno](err); err != nil && !once {
			return
		}
	}
}
