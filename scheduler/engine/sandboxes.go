package engine

import (
	"cmp"
	"slices"
)

// sandboxes counts, by kind, those that wait on nodes: complete, but for the
// function. A container that is made from one is ready much sooner. They are in
// order of their kinds, of which there are few.
type sandboxes []SandboxStat

func (s sandboxes) of(kind string) int {
	for i := range s {
		if s[i].Kind == kind {
			return s[i].Ready
		}
	}
	return 0
}

func (s *sandboxes) add(kind string, ready int) {
	i, found := slices.BinarySearchFunc(*s, kind, func(s SandboxStat, kind string) int { return cmp.Compare(s.Kind, kind) })
	if !found {
		*s = slices.Insert(*s, i, SandboxStat{Kind: kind})
	}
	(*s)[i].Ready += ready
}

// Sandboxes is how many wait on all nodes for a function such as this one; 0 also
// where what the function takes is not known yet: its first container tells.
func (f *FunctionView) Sandboxes() int {
	if f.fn == nil || f.fn.sandbox == "" {
		return 0
	}
	return f.Pool.sandboxes.of(f.fn.sandbox)
}

// SandboxesFor is how many of them wait on the node.
func (n *NodeView) SandboxesFor(f *FunctionView) int {
	if f.fn == nil || f.fn.sandbox == "" || n.node == nil {
		return 0
	}
	return n.node.sandboxes.of(f.fn.sandbox)
}

// countSandboxes takes the node's word for what waits there.
func (e *Engine) countSandboxes(n *node, stats []SandboxStat) {
	e.forgetSandboxes(n)
	if n.state != nodeServing {
		return
	}
	for i := range stats {
		e.addSandboxes(n, stats[i].Kind, max(0, stats[i].Ready))
	}
}

func (e *Engine) addSandboxes(n *node, kind string, ready int) {
	n.sandboxes.add(kind, ready)
	e.pool.sandboxes.add(kind, ready)
}

func (e *Engine) forgetSandboxes(n *node) {
	for i := range n.sandboxes {
		e.pool.sandboxes.add(n.sandboxes[i].Kind, -n.sandboxes[i].Ready)
	}
	n.sandboxes = n.sandboxes[:0]
}

// takeSandbox expects the node to make the container from one that waits, until
// its next word: several creations must not count on the same one.
func (e *Engine) takeSandbox(n *node, f *function) {
	if n.sandboxes.of(f.sandbox) > 0 {
		e.addSandboxes(n, f.sandbox, -1)
	}
}

// sandboxes of a node in service.
func (s *snapshot) sandboxes(n *node) {
	for i := range s.c.Len(len(n.sandboxes)) {
		var stat SandboxStat
		if !s.c.Reading() {
			stat = n.sandboxes[i]
		}
		Text(s.c, &stat.Kind)
		Int(s.c, &stat.Ready)
		if s.c.Reading() {
			s.e.addSandboxes(n, stat.Kind, stat.Ready)
		}
	}
}

func (k *checker) sandboxes() {
	var sum sandboxes
	for id, n := range k.e.nodes {
		k.that(n.state == nodeServing || len(n.sandboxes) == 0, "sandboxes wait on %s, which is leaving", id)
		for _, s := range n.sandboxes {
			k.that(s.Ready >= 0, "%d sandboxes of %s wait on %s", s.Ready, s.Kind, id)
			sum.add(s.Kind, s.Ready)
		}
	}
	for _, s := range k.e.pool.sandboxes {
		k.equal("sandboxes of "+s.Kind, s.Ready, sum.of(s.Kind))
	}
}
