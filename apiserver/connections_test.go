package apiserver

import (
	"testing"

	"google.golang.org/grpc/connectivity"
)

func TestConnectionsAreReused(t *testing.T) {
	c := newTestConnections(t, 2)
	first, releaseFirst := mustGet(t, c, "127.0.0.1:1")
	again, releaseAgain := mustGet(t, c, "127.0.0.1:1")
	if first != again {
		t.Error("the same node was dialled twice")
	}
	releaseFirst()
	releaseAgain()
	if first.GetState() == connectivity.Shutdown {
		t.Error("a connection was closed that nothing has evicted")
	}
}

// TestEvictionWaitsForTheLastUser: an eviction must not break running calls.
func TestEvictionWaitsForTheLastUser(t *testing.T) {
	c := newTestConnections(t, 1)
	used, release := mustGet(t, c, "127.0.0.1:1")
	_, releaseToo := mustGet(t, c, "127.0.0.1:1")
	_, releaseOther := mustGet(t, c, "127.0.0.1:2")
	defer releaseOther()
	if n := c.cache.Len(); n != 1 {
		t.Errorf("%d connections kept, want 1", n)
	}
	release()
	if used.GetState() == connectivity.Shutdown {
		t.Error("closed while in use")
	}
	releaseToo()
	if used.GetState() != connectivity.Shutdown {
		t.Error("not closed after its last use")
	}
	fresh, releaseFresh := mustGet(t, c, "127.0.0.1:1")
	defer releaseFresh()
	if fresh == used {
		t.Error("a closed connection was handed out")
	}
}

func TestEvictionClosesTheUnused(t *testing.T) {
	c := newTestConnections(t, 1)
	unused, release := mustGet(t, c, "127.0.0.1:1")
	release()
	_, releaseOther := mustGet(t, c, "127.0.0.1:2")
	defer releaseOther()
	if unused.GetState() != connectivity.Shutdown {
		t.Error("the evicted connection is open")
	}
}

// TestLeastRecentlyUsedGoes: using a connection keeps it.
func TestLeastRecentlyUsedGoes(t *testing.T) {
	c := newTestConnections(t, 2)
	get := func(target string) *connection {
		conn, release := mustGet(t, c, target)
		release()
		return conn
	}
	kept, gone := get("127.0.0.1:1"), get("127.0.0.1:2")
	get("127.0.0.1:1")
	get("127.0.0.1:3")
	if kept.GetState() == connectivity.Shutdown || gone.GetState() != connectivity.Shutdown {
		t.Errorf("used lately: %v, not used lately: %v", kept.GetState(), gone.GetState())
	}
}

func TestCloseClosesAll(t *testing.T) {
	c := newTestConnections(t, 2)
	unused, releaseUnused := mustGet(t, c, "127.0.0.1:1")
	releaseUnused()
	used, release := mustGet(t, c, "127.0.0.1:2")
	c.close()
	if unused.GetState() != connectivity.Shutdown {
		t.Error("an unused connection is open")
	}
	release()
	if used.GetState() != connectivity.Shutdown {
		t.Error("a connection is open after its last use")
	}
}

func newTestConnections(t *testing.T, size int) *connections {
	t.Helper()
	c, err := newConnections(size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

func mustGet(t *testing.T, c *connections, target string) (*connection, func()) {
	t.Helper()
	conn, release, err := c.get(target)
	if err != nil {
		t.Fatal(err)
	}
	return conn, release
}
