package engine

import (
	"cmp"
	"slices"
)

// sandboxes counts, by runtime, those that wait on nodes: complete, but for the
// function. A container that is made from one is ready much sooner. They are in
// order of their runtimes, of which there are few.
type sandboxes []SandboxStat

func (s sandboxes) of(runtime string) int {
	for i := range s {
		if s[i].Runtime == runtime {
			return s[i].Ready
		}
	}
	return 0
}

func (s *sandboxes) add(runtime string, ready int) {
	i, found := slices.BinarySearchFunc(*s, runtime, func(s SandboxStat, runtime string) int { return cmp.Compare(s.Runtime, runtime) })
	if !found {
		*s = slices.Insert(*s, i, SandboxStat{Runtime: runtime})
	}
	(*s)[i].Ready += ready
}

// Sandboxes is how many wait on all nodes for a function such as this one; 0 also
// where the function's runtime is not known yet: its first container tells.
func (f *FunctionView) Sandboxes() int {
	if f.fn == nil || f.fn.runtime == "" {
		return 0
	}
	return f.Pool.sandboxes.of(f.fn.runtime)
}

// SandboxesFor is how many of them wait on the node.
func (n *NodeView) SandboxesFor(f *FunctionView) int {
	if f.fn == nil || f.fn.runtime == "" || n.node == nil {
		return 0
	}
	return n.node.sandboxes.of(f.fn.runtime)
}

// countSandboxes takes the node's word for what waits there.
func (e *Engine) countSandboxes(n *node, stats []SandboxStat) {
	e.forgetSandboxes(n)
	if n.state != nodeServing {
		return
	}
	for i := range stats {
		e.addSandboxes(n, stats[i].Runtime, max(0, stats[i].Ready))
	}
}

func (e *Engine) addSandboxes(n *node, runtime string, ready int) {
	n.sandboxes.add(runtime, ready)
	e.pool.sandboxes.add(runtime, ready)
}

func (e *Engine) forgetSandboxes(n *node) {
	for i := range n.sandboxes {
		e.pool.sandboxes.add(n.sandboxes[i].Runtime, -n.sandboxes[i].Ready)
	}
	n.sandboxes = n.sandboxes[:0]
}

// takeSandbox expects the node to make the container from one that waits, until
// its next word: several creations must not count on the same one.
func (e *Engine) takeSandbox(n *node, f *function) {
	if n.sandboxes.of(f.runtime) > 0 {
		e.addSandboxes(n, f.runtime, -1)
	}
}

// sandboxes of a node in service.
func (s *snapshot) sandboxes(n *node) {
	for i := range s.c.Len(len(n.sandboxes)) {
		var stat SandboxStat
		if !s.c.Reading() {
			stat = n.sandboxes[i]
		}
		Text(s.c, &stat.Runtime)
		Int(s.c, &stat.Ready)
		if s.c.Reading() {
			s.e.addSandboxes(n, stat.Runtime, stat.Ready)
		}
	}
}

func (k *checker) sandboxes() {
	var sum sandboxes
	for id, n := range k.e.nodes {
		k.that(n.state == nodeServing || len(n.sandboxes) == 0, "sandboxes wait on %s, which is leaving", id)
		for _, s := range n.sandboxes {
			k.that(s.Ready >= 0, "%d sandboxes of %s wait on %s", s.Ready, s.Runtime, id)
			sum.add(s.Runtime, s.Ready)
		}
	}
	for _, s := range k.e.pool.sandboxes {
		k.equal("sandboxes of "+s.Runtime, s.Ready, sum.of(s.Runtime))
	}
}
