// Package ledger decides what a pool of nodes does and keeps account of the
// time for which they were lent. It is pure: events go in, decisions come out,
// time is an argument, and nothing happens by itself. Its caller carries the
// decisions out and reports the results as further events.
//
// A node is a name, n01 and on (n001 in a pool of hundreds), behind which processes
// or machines come and go. It moves through these states:
//
//	planned → starting → recycling → available → claimed → reserved → releasing
//	   ↑                     ↑                      (a release) └─────────┘ │
//	   │                     └──────────────────────────────────────────────┘
//	   └── lost, from every other state: a node that is lost is started anew
//
// The pool begins with Config.Initial nodes; each reservation adds one, within
// Config.RefillDelay, until there are Config.Max. A node that was released can be
// reserved again after that same delay.
package ledger

import (
	"fmt"
	"slices"
	"time"
)

// Config says how large the pool is and how fast it refills.
type Config struct {
	// Initial is the number of nodes at the start, and Max the most there ever are.
	Initial, Max int
	// RefillDelay is the time until a reservation has added a node, and until
	// a released node can be reserved again. With 0 both are at once.
	RefillDelay time.Duration
	// History is how many reservations are remembered; beyond it the oldest
	// that are over are forgotten.
	History int
}

// Ledger is the state of the pool. It is not safe for concurrent use.
type Ledger struct {
	cfg     Config
	nodes   []*node // in order of index
	closed  bool
	claims  uint64
	made    int // reservations ever
	history []*Reservation
	byID    map[string]*Reservation
}

// New returns a ledger that remembers the reservations of history, all of which
// are over, and has no nodes yet: Adopted brings back those that live, Open plans the rest.
func New(cfg Config, history []Reservation) *Ledger {
	l := &Ledger{cfg: cfg, byID: map[string]*Reservation{}}
	for _, r := range history {
		l.remember(&r)
	}
	return l
}

// Step takes in an event that happened at now and appends what is to be done.
// Time must not run backwards.
func (l *Ledger) Step(now time.Time, ev Event, out []Decision) []Decision {
	if l.closed {
		return l.stepClosed(ev, out)
	}
	out = l.advance(now, out)
	switch ev.Kind {
	case Open:
		// The adopted come after those that are over, whatever their age.
		slices.SortStableFunc(l.history, func(a, b *Reservation) int { return a.Reserved.Compare(b.Reserved) })
		l.grow(now, now)
	case Adopted:
		l.adopt(now, ev)
	case Ready:
		out = l.ready(now, ev, out)
	case Lost:
		out = l.lost(now, ev, out)
	case Reserve:
		out = l.claim(out)
	case Claimed:
		out = l.reserve(now, ev, out)
	case Unclaimed:
		if n := l.claimed(ev); n != nil {
			n.state = available
		}
	case Release:
		out = l.release(ev, out)
	case Released:
		out = l.released(now, ev, out)
	case Close:
		return l.close(now, out)
	case Wake:
	default:
		panic(fmt.Sprintf("ledger: unknown event %d", ev.Kind))
	}
	return l.advance(now, out)
}

// advance does what has become due.
func (l *Ledger) advance(now time.Time, out []Decision) []Decision {
	for _, n := range l.nodes {
		switch {
		case n.at.After(now):
		case n.state == planned:
			n.state = starting
			out = append(out, Decision{Kind: Start, Node: n.name})
		case n.state == recycling:
			n.state = available
		}
	}
	return out
}

// NextWake is when Step must be called at the latest, if nothing else happens
// before; false means never.
func (l *Ledger) NextWake() (time.Time, bool) {
	var next time.Time
	found := false
	for _, n := range l.nodes {
		if n.state != planned && n.state != recycling {
			continue
		}
		if !found || n.at.Before(next) {
			next, found = n.at, true
		}
	}
	return next, found
}

// Available is the number of nodes that can be reserved now.
func (l *Ledger) Available() int {
	count := 0
	for _, n := range l.nodes {
		if n.state == available {
			count++
		}
	}
	return count
}

// Reservation returns the reservation that the node is under.
func (l *Ledger) Reservation(node string) (Reservation, bool) {
	if n := l.node(node); n != nil && n.res != nil {
		return *n.res, true
	}
	return Reservation{}, false
}

// Usage lists all reservations that are remembered, in the order in which they
// were made.
func (l *Ledger) Usage() []Reservation {
	all := make([]Reservation, 0, len(l.history))
	for _, r := range l.history {
		all = append(all, *r)
	}
	return all
}

// grow plans as many nodes as there should be: from start on they may be
// started, and available they are not before due.
func (l *Ledger) grow(start, due time.Time) {
	want := min(l.cfg.Max, l.cfg.Initial+l.made)
	for index := 1; len(l.nodes) < want; index++ {
		if !l.has(index) {
			l.insert(&node{index: index, name: l.name(index), state: planned, at: start, due: due})
		}
	}
}

func (l *Ledger) insert(n *node) {
	at, _ := slices.BinarySearchFunc(l.nodes, n.index, func(m *node, index int) int { return m.index - index })
	l.nodes = slices.Insert(l.nodes, at, n)
}

func (l *Ledger) node(name string) *node {
	for _, n := range l.nodes {
		if n.name == name {
			return n
		}
	}
	return nil
}

// remember adds a reservation to the history and forgets the oldest that are
// over. It drops an eighth at once, so that a long history is not moved each time.
func (l *Ledger) remember(r *Reservation) {
	l.made++
	l.history = append(l.history, r)
	l.byID[r.ID] = r
	if len(l.history) <= l.cfg.History {
		return
	}
	excess := len(l.history) - (l.cfg.History - l.cfg.History/8)
	l.history = slices.DeleteFunc(l.history, func(r *Reservation) bool {
		if excess == 0 || !r.Over() {
			return false
		}
		excess--
		delete(l.byID, r.ID)
		return true
	})
}
