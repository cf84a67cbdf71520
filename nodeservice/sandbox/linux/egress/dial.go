package egress

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/minifaas/minifaas/internal/tun"
)

// dialTimeout is how long another machine may take to accept a connection.
const dialTimeout = 30 * time.Second

// isDNS: the sandbox asks for a name.
func isDNS(target netip.AddrPort) bool {
	return target.Addr() == tun.Gateway && target.Port() == dnsPort
}

// dial connects to where a sandbox wants to, or to one of the host's name servers in place of its gateway.
func (g *Gateway) dial(ctx context.Context, network string, target netip.AddrPort) (net.Conn, error) {
	if isDNS(target) {
		target = g.resolver.server()
	} else if err := g.rules.check(target.Addr()); err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, network, target.String())
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return conn, nil
}
