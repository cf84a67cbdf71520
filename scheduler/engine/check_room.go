package engine

// claims is the memory claimed on each node.
func (k *checker) claims() map[*node]Bytes {
	type share struct {
		left   int
		coming Bytes
	}
	leaving := map[*claim]share{}
	for name, c := range k.e.names {
		if b := c.batch; b != nil {
			k.that(b.node == c.node, "container %s is leaving for a claim on another node", name)
			s := leaving[b]
			leaving[b] = share{s.left + 1, s.coming + c.Booked}
		}
	}
	for _, t := range k.e.byAccount {
		if h := t.hold; h != nil {
			k.equal("hold of account "+t.account, h.node.hold, h)
			if _, ok := leaving[h]; !ok {
				leaving[h] = share{}
			}
		}
	}
	sums, batches := map[*node]Bytes{}, map[*function]int{}
	for b, s := range leaving {
		k.equal("containers leaving for "+b.fn.Spec.Name, b.left, s.left)
		k.equal("memory leaving for "+b.fn.Spec.Name, b.coming, s.coming)
		sums[b.node] += b.need
		if !b.hold {
			batches[b.fn]++
		}
	}
	for f := range k.e.functions.all() {
		k.equal("evictions for "+f.Spec.Name, f.reclaims, batches[f])
	}
	return sums
}

// tenants checks what is booked, who waits, and who stands in line.
func (k *checker) tenants() {
	e := k.e
	waiting, booked, starved := map[*tenant]int{}, map[*tenant]Bytes{}, map[*tenant]int{}
	for f := range e.functions.all() {
		if t := f.tenant; t != nil {
			waiting[t] += f.Waiting
			booked[t] += f.booked
			if f.starves() {
				starved[t]++
			}
		}
	}
	all, onRound := 0, 0
	for i, t := range e.byAccount {
		k.that(t.index == i && e.tenants[t.account] == t, "account %q is not in its place", t.account)
		k.equal("requests waiting of account "+t.account, t.waiting, waiting[t])
		k.equal("memory of account "+t.account, t.booked, booked[t])
		k.equal("starving functions of account "+t.account, len(t.starved.slots), starved[t])
		k.heap(&t.starved)
		k.equal("account in line "+t.account, t.onRound.in != nil, len(t.starved.slots) > 0)
		k.that(len(t.starved.slots) > 0 || t.deficit == 0, "account %s has saved %d bytes", t.account, t.deficit)
		all += len(t.starved.slots)
		if len(t.starved.slots) > 0 {
			onRound++
		}
	}
	k.equal("accounts", len(e.tenants), len(e.byAccount))
	k.equal("accounts in line", e.round.n, onRound)
	k.equal("starving functions", e.starving, all)
}
