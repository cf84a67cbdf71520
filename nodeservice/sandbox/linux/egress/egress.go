// Package egress lets sandboxes reach out: each by a network device of its own, whose packets
// end in a network stack of the node, which makes the connections anew from its own side. So no
// sandbox shares a network with the host or with another one, nothing of the host's network is changed, no right to
// that is needed, and each connection is looked at before it is made.
package egress

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"

	"go.uber.org/zap"
)

// Bounds of what connections take of the node: each has at most two buffers of bufferBytes in
// each direction, beside the kernel's own.
const (
	connectionsPerLink = 256
	connectionsPerNode = 4096
	bufferBytes        = 128 << 10
)

// Gateway is a node's way out. It is safe for concurrent use.
type Gateway struct {
	rules     rules
	resolver  resolver
	log       *zap.Logger
	available chan struct{} // holds a token for each connection there is
}

// New makes one that connects to nothing in deny, beside what it never connects to.
func New(deny []netip.Prefix, log *zap.Logger) *Gateway {
	return &Gateway{
		rules: rules{deny: deny}, resolver: resolver{path: "/etc/resolv.conf"}, log: log,
		available: make(chan struct{}, connectionsPerNode),
	}
}

// Link serves the device of one sandbox.
type Link struct {
	gateway   *Gateway
	device    *os.File
	log       *zap.Logger
	stack     *network
	available chan struct{} // as the gateway's
	ctx       context.Context
	cancel    context.CancelFunc
	closing   sync.Once
	running   sync.WaitGroup // what passes packets

	mu      sync.Mutex // guards the fields below
	refused map[netip.Addr]bool
	untold  strings.Builder
}

// Attach takes the device, and serves it until Close. The name is for the log.
func (g *Gateway) Attach(device *os.File, name string) (*Link, error) {
	l := &Link{
		gateway: g, device: device, log: g.log.With(zap.String("container", name)),
		available: make(chan struct{}, connectionsPerLink), refused: map[netip.Addr]bool{},
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	stack, err := newNetwork(l.acceptTCP, l.acceptUDP)
	if err != nil {
		device.Close()
		return nil, err
	}
	l.stack = stack
	l.running.Go(func() { l.stack.receive(device) })
	l.running.Go(func() { l.stack.send(l.ctx, device) })
	return l, nil
}

// Close ends all connections and the device, and returns when nothing of them is left. Repeating
// it is legal, and so is a nil link.
func (l *Link) Close() {
	if l != nil {
		l.closing.Do(l.close)
	}
}

func (l *Link) close() {
	l.cancel()
	l.device.Close()
	l.running.Wait()
	l.stack.abort()
	for range connectionsPerLink {
		l.available <- struct{}{} // the last of them has ended
	}
	l.stack.close()
}

// reserve counts one more connection in, unless there are too many.
func (l *Link) reserve() bool {
	select {
	case l.available <- struct{}{}:
	default:
		return false
	}
	select {
	case l.gateway.available <- struct{}{}:
		return true
	default:
		<-l.available
		return false
	}
}

func (l *Link) release() {
	<-l.available
	<-l.gateway.available
}

// refusalsTold are those of which a link gives the reason.
const refusalsTold = 16

// refuse gives the reason, which the function does not hear, to both logs: once for each address.
func (l *Link) refuse(protocol string, target netip.AddrPort, why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refused[target.Addr()] || len(l.refused) >= refusalsTold {
		return
	}
	l.refused[target.Addr()] = true
	l.log.Info("connection of a function refused", zap.String("protocol", protocol), zap.Stringer("target", target), zap.Error(why))
	fmt.Fprintf(&l.untold, "minifaas: %s to %s refused: %v\n", protocol, target, why)
}

// Refusals are lines for the function's log: why connections were refused since it was last asked. A
// nil link has none.
func (l *Link) Refusals() string {
	if l == nil {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.untold.Reset()
	return l.untold.String()
}
