// Package egress lets sandboxes reach out: each by a network device of its own, whose packets
// end in a network stack of the node, which makes the connections anew from its own side. So no
// sandbox shares a network with the host or with another one, nothing of the host's network is
// changed, no right to that is needed, and each connection is looked at before it is made.
package egress

import (
	"net/netip"

	"go.uber.org/zap"
)

// Gateway is a node's way out. It is safe for concurrent use.
type Gateway struct {
	rules      rules
	quota      quota
	resolvConf string
	metrics    *metrics
	log        *zap.Logger
}

// New makes one that connects to nothing in deny, beside what it never connects to.
func New(deny []netip.Prefix, log *zap.Logger) *Gateway {
	g := &Gateway{rules: rules{deny: deny}, quota: quota{most: mostConnections()}, resolvConf: "/etc/resolv.conf", log: log}
	g.metrics = newMetrics(&g.quota)
	return g
}
