package resourcemanager_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/minifaas/minifaas/internal/rpc"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	"github.com/minifaas/minifaas/resourcemanager"
	"github.com/minifaas/minifaas/resourcemanager/provider"
	"github.com/minifaas/minifaas/resourcemanager/provider/nodetest"
)

// memory provides nodes in this process, without a socket, so that a test can
// own the time.
type memory struct {
	mu        sync.Mutex // guards listeners
	listeners map[string]*bufconn.Listener
}

func (m *memory) Start(string) (provider.Node, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := &memoryNode{port: 1 + len(m.listeners), done: make(chan struct{})}
	lis := bufconn.Listen(64 << 10)
	m.listeners[rpc.HostPort(n.Address(), int64(n.port))] = lis
	ctx, cancel := context.WithCancel(context.Background())
	n.cancel = cancel
	go func() {
		defer close(n.done)
		_ = nodetest.Serve(ctx, lis)
	}()
	return n, nil
}

func (m *memory) Adopt(string, json.RawMessage) (provider.Node, error) {
	return nil, errors.New("nothing outlives the process")
}

func (m *memory) Sweep() error { return nil }

func (m *memory) Shared() bool { return false }

func (m *memory) dial(target string) (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///"+target,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithIdleTimeout(0),
		grpc.WithContextDialer(func(ctx context.Context, target string) (net.Conn, error) {
			m.mu.Lock()
			lis := m.listeners[target]
			m.mu.Unlock()
			return lis.DialContext(ctx)
		}))
}

type memoryNode struct {
	port   int
	cancel context.CancelFunc
	done   chan struct{}
}

func (n *memoryNode) Address() string         { return "memory" }
func (n *memoryNode) Port() int               { return n.port }
func (n *memoryNode) Handle() json.RawMessage { return json.RawMessage("0") }
func (n *memoryNode) Done() <-chan struct{}   { return n.done }
func (n *memoryNode) Err() error              { return nil }
func (n *memoryNode) Kill()                   { n.cancel() }
func (n *memoryNode) Stop(context.Context) error {
	n.cancel()
	<-n.done
	return nil
}

// The pool of the contest: 10 nodes, and one more 5 s after each reservation,
// up to 20; a released one comes back after 5 s.
func TestRefillTiming(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		nodes := &memory{listeners: map[string]*bufconn.Listener{}}
		cfg := resourcemanager.DefaultConfig()
		cfg.Provider, cfg.Dial, cfg.StateDir = nodes, nodes.dial, dir
		s, err := resourcemanager.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ran := make(chan error, 1)
		go func() { ran <- s.Run(ctx) }()
		<-s.Ready()

		// reserve reserves all that there is.
		reserve := func() (ids []string) {
			for {
				reply, err := s.ReserveNode(ctx, &resourcemanagerpb.ReserveNodeRequest{})
				if status.Code(err) == codes.ResourceExhausted {
					return ids
				}
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, reply.Node.Id)
			}
		}
		after := func(d time.Duration, want int) []string {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			ids := reserve()
			if len(ids) != want {
				t.Errorf("%d nodes could be reserved, want %d", len(ids), want)
			}
			return ids
		}
		after(0, 10)
		after(5*time.Second-1, 0)
		last := after(1, 10)
		after(time.Minute, 0)
		if _, err := s.ReleaseNode(ctx, &resourcemanagerpb.ReleaseNodeRequest{Id: last[3]}); err != nil {
			t.Fatal(err)
		}
		after(5*time.Second-1, 0)
		after(1, 1)

		usage, err := s.GetNodesUsage(ctx, &resourcemanagerpb.GetNodesUsageRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if lent := usage.Nodes[13].ReleasedTimeTimestampMs - usage.Nodes[13].ReservedTimeTimestampMs; lent != 60_000 {
			t.Errorf("%s was lent for %d ms, want a minute", usage.Nodes[13].Id, lent)
		}
		stop()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	})
}
