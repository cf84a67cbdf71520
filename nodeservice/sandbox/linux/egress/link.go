package egress

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Link serves the device of one sandbox.
type Link struct {
	gateway  *Gateway
	device   *os.File
	log      *zap.Logger
	network  *network
	resolver resolver
	share    share
	ctx      context.Context
	cancel   context.CancelFunc
	packets  sync.WaitGroup // what passes them
	closing  sync.Once

	mu      sync.Mutex // guards the fields below
	refused map[netip.Addr]bool
	untold  strings.Builder
}

// Attach takes the device, and serves it until Close. The name is for the log.
func (g *Gateway) Attach(device *os.File, name string) (*Link, error) {
	l := &Link{
		gateway: g, device: device, log: g.log.With(zap.String("container", name)),
		resolver: resolver{path: g.resolvConf}, refused: map[netip.Addr]bool{},
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	var err error
	if l.network, err = newNetwork(l.acceptTCP, l.acceptUDP); err != nil {
		device.Close()
		return nil, err
	}
	l.packets.Go(func() { l.network.receive(device) })
	l.packets.Go(func() { l.network.send(l.ctx, device) })
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
	l.gateway.quota.end(&l.share)
	l.cancel()
	l.device.Close()
	l.packets.Wait()
	over := make(chan struct{})
	go func() {
		defer close(over)
		l.share.active.Wait()
	}()
	for {
		// Again and again: what was about to shake hands would wait for an answer.
		l.network.abort()
		select {
		case <-over:
			l.network.close()
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// refusalsTold are those of which a link gives the reason.
const refusalsTold = 16

// refuse gives the reason, which the function does not hear, to both logs: once for each address.
func (l *Link) refuse(protocol string, target netip.AddrPort, why error) {
	l.gateway.metrics.refusals.WithLabelValues(protocol).Inc()
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
