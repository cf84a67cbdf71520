package sim

import (
	"math/bits"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// profile is the memory that a plan books, over time. It is kept in slots of
// time, each of which holds the most that is booked at once within it: a
// booking counts in all slots that it touches. A segment tree finds what is
// full in steps logarithmic to the number of slots.
type profile struct {
	slot     time.Duration // length of one
	capacity engine.Bytes
	// most of a subtree, what is added to all of it included; that of children
	// does not know what was added to their parents. Leaves begin at size.
	most, added []engine.Bytes
	size        int
}

// slotsAtMost bounds the memory of a profile, and so how fine it is.
const slotsAtMost = 1 << 18

func newProfile(length time.Duration, capacity engine.Bytes) *profile {
	slot := max(time.Millisecond, length/slotsAtMost+1)
	size := 1 << bits.Len(uint(length/slot))
	return &profile{slot: slot, capacity: capacity, most: make([]engine.Bytes, 2*size), added: make([]engine.Bytes, 2*size), size: size}
}

// at is the slot of an instant. What is beyond the profile counts in its last one.
func (p *profile) at(t time.Duration) int { return int(min(max(0, t)/p.slot, time.Duration(p.size-1))) }

// begin is the instant at which a slot begins.
func (p *profile) begin(slot int) time.Duration { return time.Duration(slot) * p.slot }

// add books so much in all slots from first to last.
func (p *profile) add(first, last int, memory engine.Bytes) {
	if first <= last {
		p.addBelow(1, 0, p.size, first, last, memory)
	}
}

func (p *profile) addBelow(node, from, size, first, last int, memory engine.Bytes) {
	if first <= from && from+size-1 <= last {
		p.most[node] += memory
		p.added[node] += memory
		return
	}
	half := size / 2
	if first < from+half {
		p.addBelow(2*node, from, half, first, last, memory)
	}
	if last >= from+half {
		p.addBelow(2*node+1, from+half, half, first, last, memory)
	}
	p.most[node] = p.added[node] + max(p.most[2*node], p.most[2*node+1])
}

// full is the last slot from first to last that has no room for so much; -1: all have.
func (p *profile) full(first, last int, memory engine.Bytes) int {
	if first > last {
		return -1
	}
	return p.fullBelow(1, 0, p.size, first, last, p.capacity-memory)
}

// fullBelow looks in a subtree for the last slot in which more than limit is booked.
func (p *profile) fullBelow(node, from, size, first, last int, limit engine.Bytes) int {
	if p.most[node] <= limit || last < from || first >= from+size {
		return -1
	}
	if size == 1 {
		return from
	}
	limit -= p.added[node]
	half := size / 2
	if found := p.fullBelow(2*node+1, from+half, half, first, last, limit); found >= 0 {
		return found
	}
	return p.fullBelow(2*node, from, half, first, last, limit)
}
