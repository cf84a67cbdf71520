package ledger

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

type state uint8

const (
	planned   state = iota + 1 // is to be started at node.at
	starting                   // until Ready
	recycling                  // up and empty, available at node.at
	available                  // can be reserved
	claimed                    // being reserved, or doomed: up, but nobody may have it
	reserved                   // lent
	releasing                  // lent, but being emptied
)

type node struct {
	name  string
	index int
	state state
	at    time.Time // see planned and recycling
	due   time.Time // not available before
	up    time.Time // since when
	// failures are the starts in a row that came to nothing.
	failures int
	count    int // reservations so far
	claim    uint64
	offer    Offer
	res      *Reservation // of a node that is reserved or releasing
}

// A node that keeps failing is started again after restartMin, doubling to
// restartMax; a life of healthy makes up for all failures before.
const (
	restartMin = 100 * time.Millisecond
	restartMax = 5 * time.Second
	healthy    = 10 * time.Second
)

func restartDelay(failures int) time.Duration {
	if failures == 0 {
		return 0
	}
	return min(restartMin<<min(failures-1, 16), restartMax)
}

// name sorts like index: some schedulers go by the order of ids.
func (l *Ledger) name(index int) string {
	return fmt.Sprintf("n%0*d", max(2, len(strconv.Itoa(l.cfg.Max))), index)
}

// index is that of a name in a pool of any size; 0 for anything else.
func index(node string) int {
	digits, ok := strings.CutPrefix(node, "n")
	i, err := strconv.ParseUint(digits, 10, 31)
	if !ok || err != nil || len(digits) < 2 {
		return 0
	}
	return int(i)
}

// has tells whether there is a node of that index, by whatever name.
func (l *Ledger) has(index int) bool {
	return slices.ContainsFunc(l.nodes, func(n *node) bool { return n.index == index })
}

func (l *Ledger) adopt(now time.Time, ev Event) {
	i := index(ev.Node)
	if i == 0 || l.has(i) {
		panic("ledger: cannot adopt node " + strconv.Quote(ev.Node))
	}
	n := &node{index: i, name: ev.Node, state: starting, due: now, up: now}
	if r := ev.Reservation; r.ID != "" && l.byID[r.ID] == nil {
		n.state, n.offer, n.res = reserved, r.Offer, &r
		l.remember(&r)
	}
	l.insert(n)
}

func (l *Ledger) ready(now time.Time, ev Event, out []Decision) []Decision {
	n := l.node(ev.Node)
	if n == nil || n.state != starting {
		return out
	}
	if l.surplus(now, n) {
		return append(out, Decision{Kind: Stop, Node: n.name})
	}
	n.state, n.up, n.offer, n.at = recycling, now, ev.Offer, n.due
	return out
}

// lost starts the node anew: its containers are gone, its name is not.
func (l *Ledger) lost(now time.Time, ev Event, out []Decision) []Decision {
	n := l.node(ev.Node)
	if n == nil || n.state == planned {
		return out
	}
	out = l.end(now, n, true, out)
	if l.surplus(now, n) {
		return out
	}
	if n.state != starting && now.Sub(n.up) >= healthy {
		n.failures = 0
	} else {
		n.failures++
	}
	n.state, n.at = planned, now.Add(restartDelay(n.failures))
	return out
}

// surplus forgets a node that is above Config.Max, as after a change of the
// configuration, and plans one below it if there is room.
func (l *Ledger) surplus(now time.Time, n *node) bool {
	if n.index <= l.cfg.Max {
		return false
	}
	l.nodes = slices.DeleteFunc(l.nodes, func(m *node) bool { return m == n })
	l.grow(now, now)
	return true
}
