package apiserver

import (
	"context"
	"sync"
	"sync/atomic"

	lru "github.com/hashicorp/golang-lru/v2"
	"google.golang.org/grpc"

	"github.com/minifaas/minifaas/internal/rpc"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// connections keeps the most recently used connections to nodes. One that is
// evicted is closed when its last call has ended.
type connections struct {
	mu    sync.Mutex // guards cache and the counts
	cache *lru.Cache[string, *connection]
}

type connection struct {
	*grpc.ClientConn
	session *nodeSession
	end     context.CancelFunc // of the session
	// streams: the node has no InvokeFunctionUnary.
	streams atomic.Bool
	users   int
	evicted bool
}

func newConnections(size int) (*connections, error) {
	c := &connections{}
	var err error
	c.cache, err = lru.NewWithEvict(size, func(_ string, conn *connection) {
		// Runs inside calls of get and close, under mu.
		conn.evicted = true
		conn.closeUnused()
	})
	return c, err
}

// get returns a connection to target, for use until release is called.
func (c *connections) get(target string) (conn *connection, release func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	conn, ok := c.cache.Get(target)
	if !ok {
		dialled, err := rpc.Dial(target)
		if err != nil {
			return nil, nil, err
		}
		conn = newConnection(dialled)
		c.cache.Add(target, conn)
	}
	conn.users++
	return conn, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		conn.users--
		conn.closeUnused()
	}, nil
}

func newConnection(dialled *grpc.ClientConn) *connection {
	ctx, end := context.WithCancel(context.Background())
	return &connection{ClientConn: dialled, session: newNodeSession(ctx, nodeservicepb.NewNodeServiceClient(dialled)), end: end}
}

func (c *connections) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cache.Purge()
}

func (c *connection) closeUnused() {
	if c.evicted && c.users == 0 {
		c.end()
		c.Close()
	}
}
