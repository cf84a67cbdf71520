package policy

import (
	"fmt"
	"slices"
	"testing"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// placed asks the policy of that name for a container of each function, 128 MiB
// each, on nodes with so much memory, and gives the nodes that it chose.
func placed(t *testing.T, name string, nodes []engine.Bytes, functions []string) (chosen []engine.NodeID) {
	t.Helper()
	e, err := engine.New(engine.Config{}, newSuite[engine.Policy](t, name))
	if err != nil {
		t.Fatal(err)
	}
	for i, memory := range nodes {
		e.Step(0, &engine.Event{Kind: engine.NodeReady, Node: engine.NodeID(fmt.Sprint("n", i+1)), Capacity: memory}, nil)
	}
	for i, f := range functions {
		spec := engine.FunctionSpec{Name: f, Memory: 128 * megabyte}
		for _, a := range e.Step(0, &engine.Event{Kind: engine.Acquire, Ticket: engine.Ticket(i + 1), Function: spec}, nil) {
			if a.Kind == engine.CreateContainer {
				chosen = append(chosen, a.Node)
			}
		}
	}
	return chosen
}

func TestPlacements(t *testing.T) {
	nodes := []engine.Bytes{512 * megabyte, 256 * megabyte, 640 * megabyte}
	for _, c := range []struct {
		name string
		want []engine.NodeID
	}{
		{"best-fit", []engine.NodeID{"n2", "n2", "n1", "n1", "n1"}},
		{"first-fit", []engine.NodeID{"n1", "n1", "n1", "n1", "n2"}},
		// All are free; then n2 and n3; 1/2, 3/4 and 4/5 leave n3 first, ...
		{"least-allocated", []engine.NodeID{"n1", "n2", "n3", "n3", "n1"}},
	} {
		if got := placed(t, c.name, nodes, []string{"a", "b", "c", "d", "e"}); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// Every node gets its share, and full ones none.
func TestRandomPlacement(t *testing.T) {
	functions := make([]string, 1200)
	for i := range functions {
		functions[i] = fmt.Sprint("f", i)
	}
	count := make(map[engine.NodeID]int)
	for _, n := range placed(t, "random-placement", []engine.Bytes{1 << 40, 1 << 40, 1 << 40, 127 * megabyte}, functions) {
		count[n]++
	}
	// 400 each are expected, with a standard deviation of 16.
	for _, n := range []engine.NodeID{"n1", "n2", "n3"} {
		if count[n] < 340 || count[n] > 460 {
			t.Errorf("%d of 1200 containers on %s, want about 400", count[n], n)
		}
	}
	if count["n4"] > 0 {
		t.Errorf("%d containers on a node without room", count["n4"])
	}
}

// With no room at home it goes on by its step, which visits every node.
func TestHomeInvoker(t *testing.T) {
	nodes := slices.Repeat([]engine.Bytes{256 * megabyte}, 7)
	got := placed(t, "home-invoker", nodes, slices.Repeat([]string{"thumbnail"}, 14))
	if len(got) != 14 {
		t.Fatalf("%d containers placed, want 14: %v", len(got), got)
	}
	number := func(i int) int { return int(got[i][1] - '0') }
	step := (number(2) - number(0) + 7) % 7
	for i := range got {
		if want := (number(0)-1+i/2*step)%7 + 1; number(i) != want {
			t.Fatalf("container %d on node %d, want %d: %v", i, number(i), want, got)
		}
	}
}

// By hand: pairwise coprime, and coprime to the number of nodes.
func TestCoprimes(t *testing.T) {
	for n, want := range map[int][]int{1: {1}, 2: {1}, 7: {1, 2, 3, 5}, 10: {1, 3, 7}, 12: {1, 5, 7, 11}} {
		if got := coprimes(n); !slices.Equal(got, want) {
			t.Errorf("up to %d: %v, want %v", n, got, want)
		}
	}
}

// One function fills its node to 1.25 times the mean, then the next on the ring.
func TestBoundedHashing(t *testing.T) {
	const nodes, containers = 10, 80
	count := make(map[engine.NodeID]int)
	got := placed(t, "ch-bl", slices.Repeat([]engine.Bytes{1 << 40}, nodes), slices.Repeat([]string{"thumbnail"}, containers))
	for _, n := range got {
		count[n]++
	}
	for n, c := range count {
		if c > containers*125/100/nodes {
			t.Errorf("%d containers on %s, want 10 at most", c, n)
		}
	}
	if again := placed(t, "ch-bl", slices.Repeat([]engine.Bytes{1 << 40}, nodes), []string{"other", "thumbnail"}); again[1] != got[0] {
		t.Errorf("home %s and %s: want the same wherever others are", got[0], again[1])
	}
	// The room decides where the bound would not.
	if got := placed(t, "ch-bl", []engine.Bytes{512 * megabyte, 0, 0}, slices.Repeat([]string{"thumbnail"}, 4)); len(got) != 4 {
		t.Errorf("%d of 4 containers on the node that has room", len(got))
	}
}
