package ledger

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// claim takes the first available node out of the pool, so that nobody else
// gets it while it is asked whether it agrees.
func (l *Ledger) claim(out []Decision) []Decision {
	for _, n := range l.nodes {
		if n.state == available {
			l.claims++
			n.state, n.claim = claimed, l.claims
			return append(out, Decision{Kind: Claim, Node: n.name, Claim: n.claim})
		}
	}
	return append(out, Decision{Kind: Exhausted})
}

// claimed returns the node if it is still under that claim: it may have been
// lost and started again meanwhile.
func (l *Ledger) claimed(ev Event) *node {
	if n := l.node(ev.Node); n != nil && n.state == claimed && n.claim == ev.Claim {
		return n
	}
	return nil
}

func (l *Ledger) reserve(now time.Time, ev Event, out []Decision) []Decision {
	n := l.claimed(ev)
	if n == nil {
		return out
	}
	n.state = reserved
	n.res = &Reservation{ID: l.nextID(n), Node: n.name, Offer: n.offer, Reserved: now}
	l.remember(n.res)
	// Half of the delay is for the start; the other half keeps it away from
	// the containers that this reservation was made for.
	l.grow(now.Add(l.cfg.RefillDelay/2), now.Add(l.cfg.RefillDelay))
	return append(out, Decision{Kind: Reserved, Node: n.name, Reservation: *n.res})
}

// nextID counts on from what the history knows, so that no id is used twice
// even when the node has been adopted.
func (l *Ledger) nextID(n *node) string {
	if n.count == 0 {
		for _, r := range l.history {
			if r.Node != n.name {
				continue
			}
			if i, err := strconv.Atoi(strings.TrimPrefix(r.ID, n.name+".")); err == nil {
				n.count = max(n.count, i)
			}
		}
	}
	n.count++
	return fmt.Sprintf("%s.%d", n.name, n.count)
}

func (l *Ledger) release(ev Event, out []Decision) []Decision {
	r := l.byID[ev.ID]
	if r == nil {
		return append(out, Decision{Kind: Unknown})
	}
	if r.Over() {
		return out
	}
	l.node(r.Node).state = releasing
	return append(out, Decision{Kind: Reset, Node: r.Node, Reservation: *r})
}

func (l *Ledger) released(now time.Time, ev Event, out []Decision) []Decision {
	r := l.byID[ev.ID]
	if r == nil || r.Over() { // lost meanwhile
		return out
	}
	n := l.node(r.Node)
	out = l.end(now, n, false, out)
	if ev.Broken {
		n.state = claimed // by nobody: Lost follows
		n.claim = 0
		return out
	}
	if l.surplus(now, n) {
		return append(out, Decision{Kind: Stop, Node: n.name})
	}
	n.state, n.at = recycling, now.Add(l.cfg.RefillDelay)
	return out
}

// end ends the node's reservation, if there is one.
func (l *Ledger) end(now time.Time, n *node, lost bool, out []Decision) []Decision {
	r := n.res
	if r == nil {
		return out
	}
	n.res = nil
	// By way of the difference, which is right also when the wall clock was set meanwhile.
	r.Released = r.Reserved.Add(max(now.Sub(r.Reserved), 0))
	r.Lost = lost
	return append(out, Decision{Kind: Ended, Node: n.name, Reservation: *r})
}

func (l *Ledger) close(now time.Time, out []Decision) []Decision {
	for _, n := range l.nodes {
		out = l.end(now, n, false, out)
	}
	l.nodes, l.closed = nil, true
	return out
}

// stepClosed answers what may still be asked.
func (l *Ledger) stepClosed(ev Event, out []Decision) []Decision {
	switch ev.Kind {
	case Reserve:
		return append(out, Decision{Kind: Exhausted})
	case Release:
		if l.byID[ev.ID] == nil {
			return append(out, Decision{Kind: Unknown})
		}
	}
	return out
}
