package egress

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/minifaas/minifaas/internal/tun"
)

// dialTimeout is how long another machine may take to accept a connection.
const dialTimeout = 30 * time.Second

// errTooMany connections of a sandbox, or of the node.
var errTooMany = errors.New("too many connections")

// isDNS: the sandbox asks for a name.
func isDNS(target netip.AddrPort) bool {
	return target.Addr() == tun.Gateway && target.Port() == dnsPort
}

// dial connects to where the sandbox wants to, or to one of the host's name servers in place of its
// gateway. What it connects to may have become the host's meanwhile.
func (l *Link) dial(network string, target netip.AddrPort) (net.Conn, error) {
	check := func() error { return l.gateway.rules.check(target.Addr()) }
	to := target
	if isDNS(target) {
		check = func() error { return nil }
		to = l.resolver.server()
	}
	if err := check(); err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(l.ctx, network, to.String())
	if err != nil {
		if isDNS(target) {
			l.resolver.skip(to)
		}
		return nil, fmt.Errorf("connect: %w", err)
	}
	if err := errors.Join(check(), l.ctx.Err()); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}
