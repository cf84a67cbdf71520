package engine

import (
	"errors"
	"fmt"
)

// Check verifies every invariant and reports all that are broken. It visits
// everything there is: it is for tests and for restored snapshots.
func (e *Engine) Check() error {
	k := &checker{e: e}
	k.nodes()
	k.containers()
	k.tenants()
	k.functions()
	k.requests()
	k.leases()
	k.heap(&e.timers)
	c := &e.counters
	k.equal("leases ended or active", c.Returned+c.LeasesExpired+e.leasesCut+int64(k.activeLeases), c.Acquired)
	return errors.Join(k.errs...)
}

type checker struct {
	e            *Engine
	errs         []error
	activeLeases int
}

func (k *checker) that(ok bool, format string, args ...any) {
	if !ok {
		k.errs = append(k.errs, fmt.Errorf(format, args...))
	}
}

func (k *checker) equal(what string, got, want any) {
	k.that(got == want, "%s: %v, want %v", what, got, want)
}

func (k *checker) nodes() {
	e := k.e
	serving := 0
	var total, capacity Bytes
	claimed := k.claims()
	for id, n := range e.nodes {
		k.equal("id of node", n.ID, id)
		k.that(id != "", "a node has no id")
		var booked, idle, leaving, placed Bytes
		creations, leases := 0, 0
		for el := n.all.front; el != nil; el = el.next {
			c := el.value
			booked += c.Booked
			if !c.adopted {
				placed += c.Booked
			}
			k.equal("node of "+string(c.name), c.node, n)
			k.equal("index of "+string(c.name), e.names[c.name], c)
			leases += c.InFlight
			if c.state == creating {
				creations++
			}
			if c.state == ready && c.InFlight == 0 {
				idle += c.Booked
			}
			if c.state == removing {
				leaving += c.Booked
			}
		}
		k.equal("memory claimed on "+string(id), n.Claimed, claimed[n])
		k.that(n.hold == nil || n.hold.node == n && n.hold.fn.tenant.hold == n.hold, "node %s is held for nobody", id)
		k.equal("memory booked on "+string(id), n.Booked, booked)
		k.that(placed <= n.Capacity, "node %s: %d bytes placed, more than its %d", id, placed, n.Capacity)
		k.equal("containers of "+string(id), n.Containers, n.all.n)
		k.equal("creations on "+string(id), n.Creating, creations)
		k.equal("leases on "+string(id), n.InFlight, leases)
		total += booked
		k.heap(&n.idle)
		k.equal("idle memory of "+string(id), n.idleMemory, idle)
		k.equal("leaving memory of "+string(id), n.removingMemory, leaving)
		if n.state == nodeServing {
			serving++
			capacity += n.Capacity
			k.equal("place of "+string(id), e.index.places[n.place], n)
			k.equal("free in index, "+string(id), e.index.free.v[e.index.free.base+int(n.place)], int64(n.Free()))
			k.equal("gain in index, "+string(id), e.index.gain.v[e.index.gain.base+int(n.place)], int64(n.gain()))
		} else {
			k.that(n.all.n == 0, "node %s is releasing with %d containers", id, n.all.n)
		}
	}
	k.sandboxes()
	k.equal("nodes in service", e.pool.Nodes, serving)
	k.equal("memory booked on all nodes", e.pool.Booked, total)
	k.equal("capacity of all nodes", e.pool.Capacity, capacity)
	k.equal("nodes in the index", e.index.live, serving)
	k.equal("nodes by free memory", len(e.index.byFree), serving)
	for i := 1; i < len(e.index.byFree); i++ {
		k.that(e.index.byFree[i-1].compare(e.index.byFree[i]) < 0, "nodes by free memory: %d is out of order", i)
	}
	k.equal("nodes draining", e.pool.Draining, len(e.nodes)-serving)
	k.equal("reservations under way", e.pool.Reserving, len(e.reservations))
}

func (k *checker) containers() {
	e := k.e
	ids, creations := 0, 0
	for name, c := range e.names {
		k.equal("name of container", c.name, name)
		k.that(e.nodes[c.node.ID] == c.node, "container %s is on a node that is gone", name)
		k.equal("service of "+string(name), c.InService, c.state == ready)
		k.that(c.ofFunction.in == &c.fn.all, "container %s is not listed with its function", name)
		k.that(c.onNode.in == &c.node.all, "container %s is not listed on its node", name)
		k.equal("leases of "+string(name), c.InFlight, c.named.n+c.anonymous.n)
		if c.id != "" {
			ids++
			k.equal("container "+string(c.id), e.containers[c.id], c)
		}
		switch c.state {
		case creating:
			creations++
			k.that(c.id == "" && c.InFlight == 0, "container %s is being created and in use", name)
		case ready:
			idle := c.InFlight == 0
			k.equal("idle list has "+string(name), c.byFunction.in == &c.fn.idle, idle)
			k.equal("node's idle heap has "+string(name), c.worth.place != 0, idle)
			k.that(c.bound == nil, "container %s is bound and ready", name)
			k.that(c.id != "", "container %s is ready and has no id", name)
		case removing:
			k.that(c.byNode.in == &c.node.removing, "container %s is not listed as removing", name)
		case quarantined, retiring:
			k.that(c.state != retiring || c.InFlight > 0, "container %s is retiring and empty", name)
		default:
			k.that(false, "container %s is %v", name, c.state)
		}
		if c.state != ready {
			k.that(c.byFunction.in == nil && c.age.place == 0 && c.worth.place == 0, "container %s can be granted and is %v", name, c.state)
		}
		if c.bound != nil {
			k.that(c.bound.creation == c && e.tickets[c.bound.ticket] == c.bound, "container %s is bound to a request that is over", name)
		}
	}
	k.equal("creations under way", e.pool.Creating, creations)
	k.equal("containers by id", len(e.containers), ids)
}

func (k *checker) functions() {
	e := k.e
	var shortage Bytes
	serving, creations, booked := map[*function]int{}, map[*function]int{}, map[*function]Bytes{}
	for _, c := range e.names {
		switch c.state {
		case ready:
			serving[c.fn]++
		case creating:
			creations[c.fn]++
		}
		booked[c.fn] += c.Booked
	}
	for f := range e.functions.all() {
		name := f.Spec.Name
		k.that(e.functions.find(name) == f, "function %s is not in its place", name)
		k.equal("ready containers of "+name, f.Ready, serving[f])
		k.equal("idle containers of "+name, f.Idle, f.idle.n)
		k.equal("creations of "+name, f.Creating, creations[f])
		k.equal("memory of "+name, f.booked, booked[f])
		k.equal("leases of "+name, f.InFlight, f.leases.n)
		k.that(f.queue.n == 0 || f.idle.n == 0 || e.rules.BindsEarly && f.queue.n <= f.Creating || e.isDue(&f.scaleTimer), "function %s: %d requests wait for %d idle containers", name, f.queue.n, f.idle.n)
		k.that(f.queue.n == 0 || f.scaleTimer.place != 0, "function %s: nobody looks after its queue", name)
		k.that(f.queue.n <= e.cfg.QueueLimit, "function %s: %d requests wait", name, f.queue.n)
		k.equal("starved list has "+name, f.starves(), f.unplaced > 0)
		k.that(f.unplaced == 0 || f.queue.n > 0, "function %s is starved and nothing waits", name)
		if f.short {
			shortage += Bytes(f.unplaced) * f.unplacedSize
		}
		if e.rules.OldestFirst {
			k.equal("containers with room of "+name, len(f.byAge.slots), f.idle.n+f.open.n)
			k.heap(&f.byAge)
		}
		k.activeLeases += f.leases.n
	}
	k.equal("shortage", e.shortage, shortage)
}

func (k *checker) requests() {
	e := k.e
	named, waits := 0, map[*function]int{}
	for t, r := range e.tickets {
		k.equal("ticket", r.ticket, t)
		waits[r.fn]++
		if r.id != "" {
			named++
			k.equal("waiting request "+string(r.id), e.waiting[r.id], r)
		}
		k.that(r.deadline.place != 0, "ticket %d has no deadline", t)
		switch {
		case r.creation != nil:
			k.that(r.creation.bound == r && r.creation.state == creating, "ticket %d waits for a creation that is over", t)
		case r.reservation != nil:
			k.that(r.reservation.bound == r && e.reservations[r.reservation.serial] == r.reservation, "ticket %d waits for a reservation that is over", t)
		default:
			k.that(r.onQueue.in == &r.fn.queue, "ticket %d waits for nothing", t)
		}
	}
	k.equal("waiting requests with an id", len(e.waiting), named)
	for f := range e.functions.all() {
		k.equal("requests waiting for "+f.Spec.Name, f.Waiting, waits[f])
	}
}

func (k *checker) leases() {
	e := k.e
	named := 0
	for f := range e.functions.all() {
		oldest := Instant(0)
		for el := f.leases.front; el != nil; el = el.next {
			l := el.value
			c := l.container
			if el == f.leases.front {
				oldest = l.granted
			}
			k.that(c != nil && c.fn == f && e.names[c.name] == c, "a lease of %s has no container", f.Spec.Name)
			k.that(l.deadline.place != 0, "a lease of %s has no deadline", f.Spec.Name)
			k.that(c.state == ready || c.state == quarantined || c.state == retiring || c.state == removing, "container %s is leased and %v", c.name, c.state)
			if l.request != "" {
				named++
				k.that(e.leaseOf(l.request, f) == l && l.onContainer.in == &c.named, "lease %s is not in its place", l.request)
			} else {
				k.that(l.onContainer.in == &c.anonymous, "an anonymous lease is not in its place")
			}
		}
		k.equal("oldest grant of "+f.Spec.Name, f.OldestGrant, oldest)
	}
	k.equal("leases by request", len(e.leases)+len(e.further), named)
}

func (k *checker) heap(h *heap) {
	for i := range h.slots {
		s := &h.slots[i]
		k.equal("place in heap", int(s.item.place), i+1)
		k.that(s.key == s.item.key && s.tie == s.item.tie, "heap: item %d has changed since it was put", i)
		k.that(i == 0 || !s.before(&h.slots[(i-1)/2]), "heap: item %d is out of order", i)
	}
}
