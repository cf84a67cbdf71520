package policy

import "github.com/minifaas/minifaas/scheduler/engine"

// homeInvoker is the balancer of Apache OpenWhisk
// (ShardingContainerPoolBalancer.scala). It places a function on its home, the
// node that its name hashes to, and if there is no room, on those that follow in
// steps that the hash chooses too, so that functions of one home part at once.
//
// OpenWhisk sends every call that way, warm or not, and forces it on a node by
// lot when all are full. Here a call goes to an idle container wherever there is
// one, and with no room left anywhere the engine evicts or reserves.
type homeInvoker struct {
	ttl
	// all and steps are scratch: the nodes in order, and the steps for so many.
	all   []*engine.NodeView
	steps []int
	sized int
}

var _ engine.Policy = (*homeInvoker)(nil)

func (h *homeInvoker) Place(_ engine.Instant, f *engine.FunctionView, nodes *engine.Nodes, need engine.Bytes) *engine.NodeView {
	h.all = h.all[:0]
	for n := range nodes.All() {
		h.all = append(h.all, n)
	}
	n := len(h.all)
	if n == 0 {
		return nil
	}
	if n != h.sized {
		h.steps, h.sized = coprimes(n), n
	}
	hash := int(hashOf(f.Spec.Name) >> 1)
	at, step := hash%n, h.steps[hash%len(h.steps)]
	for range n {
		if h.all[at].Free() >= need {
			return h.all[at]
		}
		at = (at + step) % n
	}
	return nil
}

// coprimes lists the numbers up to n that have no divisor in common with n nor
// with each other, from 1 on.
func coprimes(n int) []int {
	var found []int
	for candidate := 1; candidate <= n; candidate++ {
		ok := gcd(candidate, n) == 1
		for _, other := range found {
			ok = ok && gcd(candidate, other) == 1
		}
		if ok {
			found = append(found, candidate)
		}
	}
	return found
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
