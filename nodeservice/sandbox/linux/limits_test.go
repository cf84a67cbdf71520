package linux

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/sandboxtest"
)

// TestNodeMemory: containers that are each within their own limit, but together
// over the node's, lose one of them.
func TestNodeMemory(t *testing.T) {
	r := newRuntime(t, func(c *Config) { c.Memory = 128 << 20 })
	event, _ := json.Marshal(sandboxtest.Event{Touch: 96, Sleep: 60_000})
	ended := make(chan error, 2)
	bystander := enterContainer(t, r, "c0", 256<<20)
	for _, id := range []string{"c1", "c2"} {
		c := enterContainer(t, r, id, 256<<20)
		go func() {
			_, err := c.Invoke(t.Context(), sandbox.Invocation{RequestID: id, Event: event, Timeout: time.Minute})
			ended <- err
		}()
	}
	select {
	case err := <-ended:
		if !errors.Is(err, sandbox.ErrOutOfMemory) {
			t.Errorf("invoke: %v, want ErrOutOfMemory", err)
		}
		bystander.try(t, "status") // the kernel takes the large ones
	case <-time.After(20 * time.Second):
		t.Fatal("192 MiB fit into a node of 128")
	}
}

// TestTinyMemory: a container may be asked for with next to no memory; it gets what the agent needs.
func TestTinyMemory(t *testing.T) {
	r := newRuntime(t, nil)
	c := enterContainer(t, r, "c1", 1)
	if status := c.try(t, "status"); status["NoNewPrivs"] != "1" {
		t.Errorf("status %v", status)
	}
}

// TestManyCreates: more at once than CreateConcurrency, each a user of its own.
func TestManyCreates(t *testing.T) {
	r := newRuntime(t, nil)
	const n = 12
	type made struct {
		c   sandbox.Container
		err error
	}
	all := make(chan made, n)
	for i := range n {
		go func() {
			c, err := r.Create(t.Context(), sandbox.Spec{
				ID: string(rune('a' + i)), Function: sandboxtest.Build(t).Function(), Memory: 64 << 20,
			})
			all <- made{c, err}
		}()
	}
	users := map[int]bool{}
	for range n {
		m := <-all
		if m.err != nil {
			t.Fatal(m.err)
		}
		if uid := m.c.(*container).uid; users[uid] {
			t.Errorf("user %d twice", uid)
		} else {
			users[uid] = true
		}
	}
}

// TestUserIDs: a node has so many, and gives none of its neighbour's.
func TestUserIDs(t *testing.T) {
	r := newRuntime(t, func(c *Config) { c.UIDs = 2 })
	spec := func(id string) sandbox.Spec {
		return sandbox.Spec{ID: id, Function: sandboxtest.Build(t).Function(), Memory: 64 << 20}
	}
	first, err := r.Create(t.Context(), spec("c0"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Create(t.Context(), spec("c1")); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Create(t.Context(), spec("c2")); err == nil || !strings.Contains(err.Error(), "all 2 user ids of this node are in use") {
		t.Errorf("a third container: %v", err)
	}
	if err := first.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Create(t.Context(), spec("c3")); err != nil {
		t.Errorf("once one is free: %v", err)
	}
}
