package policy

import (
	"fmt"
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// crew are functions that are called all the time.
var crew = []string{"a", "b", "c", "d", "e", "f"}

// newCrew calls each of them once a second, for 100 s, on two nodes of 2 GiB.
func newCrew(t *testing.T) *stand {
	t.Helper()
	s := newStand(t, AdaptiveConfig{}, 2)
	s.node = 2048 * megabyte
	for i := range 100 {
		for j, name := range crew {
			s.call(time.Duration(1000*i+50*j)*ms, name, 512*megabyte, sleeps(20*ms, 20*megabyte))
		}
	}
	return s
}

// Six functions of 512 MiB take two nodes of 2 GiB. Once it is known that they
// need far less one node will do: their containers move, without a cold start,
// and the other node is given back.
func TestNewestNodeIsDrained(t *testing.T) {
	s := newCrew(t)
	s.run(900 * ms)
	if got := s.nodes(); len(got) != 2 {
		t.Fatalf("nodes %v at first, want two", got)
	}
	s.run(90 * time.Second)
	if got := s.nodes(); len(got) != 1 || got[0] != "n1" {
		t.Errorf("nodes %v in the end, want the first", got)
	}
	for _, name := range crew {
		if got := s.containers(name); len(got) != 1 || s.colds[name] != 1 {
			t.Errorf("%s: %d containers and %d cold starts, want one each", name, len(got), s.colds[name])
		}
	}
}

// A node that has been emptied is given back as soon as its last container is gone, as
// another one is had within a millisecond.
func TestEmptiedNodeGoesAtOnce(t *testing.T) {
	s := newCrew(t)
	s.run(900 * ms)
	s.p.all.reserve = mean{value: time.Millisecond, n: 8}
	empty := 0
	for now := 1000 * ms; now < 90*time.Second; now += 10 * ms {
		s.run(now)
		for _, n := range s.e.Status().Nodes {
			if n.State == "ready" && len(n.Containers) == 0 {
				empty++
			}
		}
	}
	if got := s.nodes(); len(got) != 1 || empty > 1 {
		t.Errorf("nodes %v in the end, one of them empty for %d ms before; want one node, and none empty", got, 10*empty)
	}
}

// Fourteen functions of 512 MiB take four nodes of 2 GiB. Once they are known to need far
// less, the three reserved last are emptied together: not one after the other, each onto
// the next. As long as their calls take the CPU of four cores, no node is.
func TestNodesAreEmptiedTogether(t *testing.T) {
	for _, c := range []struct {
		name string
		run  execution
		want int
	}{
		{"they sleep", sleeps(20*ms, 20*megabyte), 1},
		{"they compute", computes(300 * ms), 4},
	} {
		s := newStand(t, AdaptiveConfig{}, 4)
		s.node = 2048 * megabyte
		for i := range 60 {
			for j := range 14 {
				s.call(time.Duration(1000*i+50*j)*ms, fmt.Sprint("f", j), 512*megabyte, c.run)
			}
		}
		s.run(time.Second)
		if got := s.nodes(); len(got) != 4 {
			t.Fatalf("%s: nodes %v at first, want four", c.name, got)
		}
		s.run(50 * time.Second)
		made := 0
		for j := range 14 {
			made += len(s.made[fmt.Sprint("f", j)])
		}
		if got := s.nodes(); len(got) != c.want || c.want == 1 && made > 2*14 {
			t.Errorf("%s: nodes %v and %d containers made, want %d nodes and that none moved twice", c.name, got, made, c.want)
		}
	}
}

// A function of which nothing is known but one call is as well off as the others: its
// container moves with theirs when the second node is emptied, and waits for the next call.
func TestLittleKnownContainerMovesToo(t *testing.T) {
	s := newCrew(t)
	s.call(600*ms, "rare", 512*megabyte, sleeps(20*ms, 20*megabyte))
	s.call(30*time.Second, "rare", 512*megabyte, sleeps(20*ms, 20*megabyte))
	s.run(3 * time.Second)
	if got := s.nodes(); len(got) != 2 {
		t.Fatalf("nodes %v at first, want two", got)
	}
	s.run(90 * time.Second)
	if got := s.nodes(); len(got) != 1 {
		t.Errorf("nodes %v in the end, want one", got)
	}
	if s.colds["rare"] != 1 || len(s.made["rare"]) != 2 {
		t.Errorf("%d cold starts in %d containers, want the first alone, and one that was moved", s.colds["rare"], len(s.made["rare"]))
	}
}

// While a call waits, a node that is being emptied serves as well as another.
func TestDrainingNodeServesWhoWaits(t *testing.T) {
	s := newStand(t, AdaptiveConfig{}, 2)
	s.node = 1024 * megabyte
	for i, name := range crew[:3] { // two of 300 MiB on the first node, one on the second
		memory := []engine.Bytes{300, 300, 500}[i] * megabyte
		s.call(time.Duration(i)*10*ms, name, memory, sleeps(30*time.Second, memory))
	}
	s.call(20*time.Second, "large", 450*megabyte, sleeps(ms, 450*megabyte))
	s.run(21 * time.Second)
	if got := s.nodes(); len(got) != 2 || s.waited["large"] > s.cold {
		t.Errorf("on nodes %v it waited for %v, want a place at once", got, s.waited["large"])
	}
}

// Of a function that nobody knows three containers are made, on one node. It computes, and two
// calls at once, as many as one container has cores for, take all of the node's
// two: the other containers are given up, and the next one is made on another node.
func TestAllButOneOnANodeAreGivenUp(t *testing.T) {
	s := newStand(t, AdaptiveConfig{Enlarge: true}, 2)
	on := func() map[engine.NodeID]int {
		made := make(map[engine.NodeID]int)
		for _, n := range s.e.Status().Nodes {
			for range n.Containers {
				made[n.ID]++
			}
		}
		return made
	}
	for range 4 {
		s.call(0, "f", 128*megabyte, computes(400*ms))
	}
	s.run(900 * ms)
	if got := on(); len(got) != 1 || got["n1"] != 3 {
		t.Fatalf("containers on nodes %v at first, want three on the first", got)
	}
	for i := range 20 {
		s.call(time.Duration(2000+500*i)*ms, "f", 128*megabyte, computes(400*ms))
	}
	s.run(10 * time.Second)
	if got := on(); len(got) != 1 || got["n1"] != 1 {
		t.Errorf("containers on nodes %v, want one", got)
	}
	for range 40 {
		s.call(12*time.Second, "f", 128*megabyte, computes(400*ms))
	}
	s.run(18 * time.Second)
	if got := on(); len(got) != 2 || got["n1"] != 1 || got["n2"] != 1 {
		t.Errorf("containers on nodes %v, want one on each of two", got)
	}
}

// A small container, made while limits were not raised, serves on until one that fits is there.
func TestMisfitRetiresWhenReplaced(t *testing.T) {
	s := newStand(t, AdaptiveConfig{}, 1)
	s.later(at(2*time.Second), func() { s.p.cfg.Enlarge = true })
	for i := range 100 {
		s.call(time.Duration(i)*200*ms, "f", 128*megabyte, computes(10*ms))
	}
	replaced := false
	for now := time.Duration(0); now < 20*time.Second; now += 50 * ms {
		s.run(now)
		there := s.containers("f")
		if now > s.cold+200*ms && len(there) == 0 {
			t.Fatalf("at %v no container is in service", now)
		}
		for _, c := range there {
			replaced = replaced || c.Memory > 128*megabyte
		}
	}
	if there := s.containers("f"); !replaced || len(there) != 1 || there[0].Memory != s.node {
		t.Errorf("in the end %+v, want one with the limit of a node", there)
	}
	if got := len(s.made["f"]); got > 3 {
		t.Errorf("%d containers made, want the first few and one that fits", got)
	}
}

// Of a crowd of small containers all retire for one that fits; no more than that
// is made for their sake.
func TestCrowdOfMisfitsRetires(t *testing.T) {
	s := newStand(t, AdaptiveConfig{Without: Sharing}, 4)
	s.later(at(time.Minute), func() { s.p.cfg.Enlarge = true })
	for range 40 { // half a minute each, with 128 MiB
		s.call(0, "f", 128*megabyte, computes(2500*ms))
	}
	s.run(time.Minute)
	crowd := len(s.made["f"])
	if crowd < 10 {
		t.Fatalf("%d containers made for 40 long calls, want many", crowd)
	}
	for i := range 100 {
		s.call(time.Minute+time.Duration(i)*100*ms, "f", 128*megabyte, computes(10*ms))
	}
	s.run(80 * time.Second)
	for _, c := range s.containers("f") {
		if c.Memory != s.node {
			t.Fatalf("%d containers, one with %d bytes, want none but those that fit", len(s.containers("f")), c.Memory)
		}
	}
	if more := len(s.made["f"]) - crowd; more > 2 {
		t.Errorf("%d more containers, want one that fits", more)
	}
}
