package engine

// stats holds what the engine believes of a node against what the node says.
func (e *Engine) stats(ev *Event) {
	n := e.nodes[ev.Node]
	if n == nil {
		return
	}
	named := ev.Named || len(ev.Containers) == 0 && n.names
	for i := range ev.Containers {
		named = named || ev.Containers[i].Name != ""
	}
	n.names = n.names || named
	e.countSandboxes(n, ev.Sandboxes)
	e.statsSerial++
	for i := range ev.Containers {
		s := &ev.Containers[i]
		if c := e.containers[s.Container]; c != nil && c.node == n {
			c.seen = e.statsSerial
			e.inFlight(c, s.InFlight, ev.Since)
			if named && s.InFlight == 0 && c.state == ready && e.orphaned(c, ev.Since) {
				e.expireLeases(c)
			}
		} else if c == nil && named && !e.underCreation(s.Name) {
			e.emit(Action{Kind: RemoveContainer, Node: n.ID, Container: s.Container})
		}
	}
	if !named {
		return // a foreign node: what it lists is not meant to be complete
	}
	for el := n.all.front; el != nil; {
		c := el.value
		el = el.next
		if c.seen != e.statsSerial && (c.state == ready || c.state == quarantined || c.state == retiring) && c.ReadyAt < ev.Since {
			e.lost(c)
		}
	}
}

// orphaned: all leases of the container are so old that their calls would have
// begun by then, or have been returned; so their callers are gone.
func (e *Engine) orphaned(c *container, then Instant) bool {
	newest := Instant(-1)
	for _, leases := range []*list[lease]{&c.named, &c.anonymous} {
		if l := leases.last(); l != nil {
			newest = max(newest, l.granted)
		}
	}
	return newest >= 0 && then.Sub(newest) >= e.cfg.LeaseGrace
}

// expireLeases ends all leases of a container before their deadlines.
func (e *Engine) expireLeases(c *container) {
	for _, leases := range []*list[lease]{&c.named, &c.anonymous} {
		for l := leases.first(); l != nil; l = leases.first() {
			e.leaseExpired(l)
		}
	}
}

func (e *Engine) underCreation(name Name) bool {
	c := e.names[name]
	return c != nil && c.state == creating
}

// inFlight judges a container in quarantine: is the call over that held it?
// As many calls as it has leases may all be legitimate: those end by
// themselves, so the verdict can wait.
func (e *Engine) inFlight(c *container, calls int, since Instant) {
	if c.state != quarantined || since <= c.quarantined {
		return
	}
	if calls == 0 {
		f := c.fn
		e.intoService(c)
		e.serve(f, nil)
	} else if calls > c.InFlight && since > c.patience {
		e.remove(c)
	}
}

// containerAdopted takes over a container that an earlier engine made. Calls
// that it still runs hold no lease here, so it is quarantined until they end.
func (e *Engine) containerAdopted(ev *Event) {
	n := e.nodes[ev.Node]
	if n == nil || n.state != nodeServing || ev.Container == "" || e.containers[ev.Container] != nil {
		return
	}
	if ev.Function.Name == "" {
		e.emit(Action{Kind: RemoveContainer, Node: n.ID, Container: ev.Container})
		return
	}
	f := e.functions.find(ev.Function.Name)
	if f == nil {
		f = e.addFunction(ev.Function)
	}
	memory := min(max(0, ev.Function.Memory), maxBytes)
	c := e.add(n, f, Size{memory, memory}, quarantined)
	c.id, c.adopted = ev.Container, true
	c.Uses = 1 // it was made for a call that is over
	e.containers[c.id] = c
	if ev.InFlight > 0 {
		c.ReadyAt = e.now
		c.quarantined, c.patience = e.now, e.after(e.now, e.patience(f))
		return
	}
	e.intoService(c)
	e.serve(f, nil)
}
