package apiserver

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

func invoke(t *testing.T, p *platform) (*apiserverpb.InvokeFunctionReply, error) {
	return p.InvokeFunction(t.Context(), &apiserverpb.InvokeFunctionRequest{FunctionName: "hello", RequestId: "r"})
}

// TestNodeGoneBeforeTheStart: nothing has run, so the invocation is placed anew.
func TestNodeGoneBeforeTheStart(t *testing.T) {
	n := &fakeNode{invoke: succeed}
	gone := &fakeNode{}
	gone.server, gone.address = listen(t, "127.0.0.2:0", func(g *grpc.Server) { nodeservicepb.RegisterNodeServiceServer(g, gone) })
	gone.server.Stop()
	s := &fakeScheduler{grant: func(_ context.Context, attempt int) (*schedulerpb.AcquireContainerReply, error) {
		if attempt <= 2 {
			return gone.lease("gone"), nil
		}
		return n.lease("alive"), nil
	}}
	p := newPlatform(t, s, n)
	if _, err := invoke(t, p); err != nil {
		t.Error(err)
	}
	p.settle()
	if len(s.returned) != 3 || !s.returned[0].GetContainerLost() || !s.returned[1].GetContainerLost() || s.returned[2].GetContainerLost() {
		t.Errorf("returned: %v, want two lost and one not", s.returned)
	}
}

// TestGrantOfNothing: whoever wrote the scheduler is told which container of which node
// it has granted, and what became of the attempt to use it.
func TestGrantOfNothing(t *testing.T) {
	gone := &fakeNode{}
	gone.server, gone.address = listen(t, "127.0.0.2:0", func(g *grpc.Server) { nodeservicepb.RegisterNodeServiceServer(g, gone) })
	gone.server.Stop()
	none := &fakeNode{invoke: func(*invokeRequest, invokeStream) error {
		return status.Error(codes.NotFound, "no such container here")
	}}
	for why, node := range map[string]*fakeNode{"connection refused": gone, "no such container here": none} {
		s := &fakeScheduler{grant: func(context.Context, int) (*schedulerpb.AcquireContainerReply, error) { return node.lease("c-17"), nil }}
		p := newPlatform(t, s, none)
		_, err := invoke(t, p)
		p.settle()
		if status.Code(err) != codes.Unavailable {
			t.Errorf("got %v, want Unavailable", err)
		}
		for _, part := range []string{"the container was gone before the function began", why, `container "c-17" on node ` + node.address} {
			if !strings.Contains(status.Convert(err).Message(), part) {
				t.Errorf("%q does not tell %q", status.Convert(err).Message(), part)
			}
		}
	}
}

// TestNodeDiesInTheMiddle: what has begun is never run again.
func TestNodeDiesInTheMiddle(t *testing.T) {
	eachWay(t, "dies", func(t *testing.T, s *fakeScheduler, n *fakeNode) {
		n.invoke = func(_ *invokeRequest, stream invokeStream) error {
			if err := stream.Send(&nodeservicepb.InvokeFunctionReply{Header: &header{}}); err != nil {
				return err
			}
			go n.server.Stop()
			<-stream.Context().Done()
			return stream.Context().Err()
		}
		p := newPlatform(t, s, n)
		_, err := invoke(t, p)
		if status.Code(err) != codes.Aborted {
			t.Errorf("got %v, want Aborted", err)
		}
		p.settle()
		if len(n.invoked) != 1 || len(p.scheduler.returned) != 1 || !p.scheduler.returned[0].GetContainerLost() {
			t.Errorf("%d invocations; returned: %v", len(n.invoked), p.scheduler.returned)
		}
	})
}

func TestAcquireIsRepeatedWhileTheSchedulerRestarts(t *testing.T) {
	unavailable := status.Error(codes.Unavailable, "stopping")
	for _, test := range []struct {
		name     string
		failures int // before a grant
		err      error
		want     codes.Code
		acquires int
	}{
		{"it comes back", 2, unavailable, codes.OK, 3},
		{"it stays away", 100, unavailable, codes.Unavailable, attempts},
		{"it refuses", 100, status.Error(codes.ResourceExhausted, "full"), codes.ResourceExhausted, 1},
		{"it has the request already", 100, status.Error(codes.AlreadyExists, "twice"), codes.AlreadyExists, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := &fakeNode{invoke: succeed}
			s := &fakeScheduler{grant: func(_ context.Context, attempt int) (*schedulerpb.AcquireContainerReply, error) {
				if attempt <= test.failures {
					return nil, test.err
				}
				return n.lease("c"), nil
			}}
			p := newPlatform(t, s, n)
			_, err := invoke(t, p)
			if status.Code(err) != test.want {
				t.Errorf("got %v, want %v", err, test.want)
			}
			p.settle()
			if len(s.acquired) != test.acquires {
				t.Errorf("%d acquires, want %d", len(s.acquired), test.acquires)
			}
			if granted := test.want == codes.OK; (len(s.returned) == 1) != granted {
				t.Errorf("%d returns", len(s.returned))
			}
		})
	}
}

// TestSchedulerComesUpLater: calls wait for it instead of failing.
func TestSchedulerComesUpLater(t *testing.T) {
	s := &fakeScheduler{}
	p := newPlatform(t, s, &fakeNode{invoke: succeed})
	// Once it has answered it serves, and so Stop frees its port.
	if _, err := invoke(t, p); err != nil {
		t.Fatal(err)
	}
	s.server.Stop()
	answered := make(chan error, 1)
	go func() {
		_, err := invoke(t, p)
		answered <- err
	}()
	s.serve(t, s.address)
	if err := <-answered; err != nil {
		t.Error(err)
	}
	p.settle()
}

// TestReturnFails: that is never the invocation's failure, and not for the node to repeat.
func TestReturnFails(t *testing.T) {
	s := &fakeScheduler{contest: true, take: func(int) error { return status.Error(codes.Internal, "broken") }}
	p := newPlatform(t, s, &fakeNode{invoke: succeed})
	got, err := invoke(t, p)
	if err != nil || string(got.GetBody()) != "done" {
		t.Errorf("got %v, %v", got, err)
	}
	p.settle()
	if len(s.returned) != 1 {
		t.Errorf("%d attempts to return, want 1", len(s.returned))
	}
}

// TestReturnIsRepeatedWhileTheSchedulerRestarts: and not as fast as possible.
func TestReturnIsRepeatedWhileTheSchedulerRestarts(t *testing.T) {
	const failures = 4
	s := &fakeScheduler{contest: true, take: func(attempt int) error {
		if attempt <= failures {
			return status.Error(codes.Unavailable, "stopping")
		}
		return nil
	}}
	p := newPlatform(t, s, &fakeNode{invoke: succeed})
	begin := time.Now()
	if _, err := invoke(t, p); err != nil {
		t.Error(err)
	}
	p.settle()
	if len(s.returned) != failures+1 {
		t.Errorf("%d attempts to return, want %d", len(s.returned), failures+1)
	}
	// Pauses of 20, 40, 80 and 160 ms.
	if took := time.Since(begin); took < 300*time.Millisecond {
		t.Errorf("%d attempts in %v: want a pause between them", len(s.returned), took)
	}
}
