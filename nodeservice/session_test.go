package nodeservice

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/minifaas/minifaas/internal/rpc"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// conversation is the client's end of a session.
type conversation struct {
	t      testing.TB
	stream nodeservicepb.NodeService_SessionClient
	cancel context.CancelFunc
	// results that have been heard, by id: whole ones when order has them.
	results map[uint64]*nodeservicepb.InvokeFunctionReply
	errors  map[uint64]*nodeservicepb.SessionError
	order   []uint64
}

func converse(t testing.TB, node nodeservicepb.NodeServiceClient) *conversation {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	stream, err := node.Session(ctx, grpc.WaitForReady(true))
	if err != nil {
		t.Fatal(err)
	}
	return &conversation{
		t: t, stream: stream, cancel: cancel,
		results: map[uint64]*nodeservicepb.InvokeFunctionReply{}, errors: map[uint64]*nodeservicepb.SessionError{},
	}
}

func (c *conversation) invoke(id uint64, container, event string) {
	c.t.Helper()
	request := &nodeservicepb.InvokeFunctionRequest{ContainerId: container, RequestId: fmt.Sprint("r", id), Event: []byte(event)}
	c.say(&nodeservicepb.SessionRequest{Invocations: []*nodeservicepb.SessionInvocation{{Id: id, Request: request}}})
}

func (c *conversation) say(r *nodeservicepb.SessionRequest) {
	c.t.Helper()
	if err := c.stream.Send(r); err != nil {
		c.t.Fatal(err)
	}
}

// hear waits until an invocation is answered as a whole.
func (c *conversation) hear(id uint64) (*nodeservicepb.InvokeFunctionReply, codes.Code) {
	c.t.Helper()
	for !slices.Contains(c.order, id) {
		reply, err := c.stream.Recv()
		if err != nil {
			c.t.Fatalf("answer of %d: %v", id, err)
		}
		for _, a := range reply.GetAnswers() {
			c.take(a)
		}
	}
	return c.results[id], codes.Code(c.errors[id].GetCode())
}

func (c *conversation) take(a *nodeservicepb.SessionAnswer) {
	id := a.GetId()
	whole := c.results[id]
	if whole == nil {
		whole = &nodeservicepb.InvokeFunctionReply{Header: a.GetPart().GetHeader()}
		c.results[id] = whole
	}
	whole.Body = append(whole.Body, a.GetPart().GetBody()...)
	whole.Footer = a.GetPart().GetFooter()
	if c.errors[id] = a.GetError(); whole.Footer != nil || a.GetError() != nil {
		c.order = append(c.order, id)
	}
}

func TestSessionRunsInvocations(t *testing.T) {
	n := newTestNode(t, &scripted{invoke: func(_ context.Context, _ *scriptedContainer, inv sandbox.Invocation) (sandbox.Result, error) {
		return sandbox.Result{Body: inv.Event, Duration: 7}, nil
	}})
	id := n.mustCreate(t, "c")
	c := converse(t, n)
	const calls = 500
	for i := range uint64(calls) {
		c.invoke(i, id, fmt.Sprint(i))
	}
	for i := range uint64(calls) {
		if got, code := c.hear(i); code != codes.OK || string(got.GetBody()) != fmt.Sprint(i) || got.GetHeader().GetStatusCode() != "200" || got.GetFooter().GetDurationInNanos() != 7 {
			t.Fatalf("result %d: %v, %v", i, got, code)
		}
	}
	c.invoke(calls, "nowhere", "")
	if _, code := c.hear(calls); code != codes.NotFound {
		t.Errorf("no such container: %v", code)
	}
}

// TestSessionLargeResults come in parts, and let small ones pass.
func TestSessionLargeResults(t *testing.T) {
	const results = 12 // many times what fits on the way
	large := bytes.Repeat([]byte("0123456789abcdef"), rpc.MaxEvent/16)
	n := newTestNode(t, &scripted{invoke: func(_ context.Context, _ *scriptedContainer, inv sandbox.Invocation) (sandbox.Result, error) {
		if string(inv.Event) == "large" {
			return sandbox.Result{Body: large}, nil
		}
		return sandbox.Result{Body: []byte("small")}, nil
	}})
	id := n.mustCreate(t, "c")
	c := converse(t, n)
	for i := range uint64(results) {
		c.invoke(i, id, "large")
	}
	c.invoke(results, id, "small")
	for i := range uint64(results) {
		if got, _ := c.hear(i); !bytes.Equal(got.GetBody(), large) || got.GetHeader() == nil {
			t.Errorf("%d bytes came of %d", len(got.GetBody()), len(large))
		}
	}
	if slices.Index(c.order[:results/2], results) < 0 {
		t.Errorf("answered in the order %v: the small result waited for large ones", c.order)
	}
}

// TestSessionCutsLargeResults of callers that leave meanwhile. What is cut has an end, too.
func TestSessionCutsLargeResults(t *testing.T) {
	n := newTestNode(t, &scripted{invoke: func(context.Context, *scriptedContainer, sandbox.Invocation) (sandbox.Result, error) {
		return sandbox.Result{Body: make([]byte, rpc.MaxEvent)}, nil
	}})
	id := n.mustCreate(t, "c")
	c := converse(t, n)
	for i := range uint64(5) {
		c.invoke(i, id, "")
		c.say(&nodeservicepb.SessionRequest{Cancels: []uint64{i}})
	}
	for i := range uint64(5) {
		if got, code := c.hear(i); code == codes.OK && len(got.GetBody()) != rpc.MaxEvent || code != codes.OK && code != codes.Canceled {
			t.Errorf("result %d: %d bytes, %v", i, len(got.GetBody()), code)
		}
	}
}

func TestSessionCancels(t *testing.T) {
	n := newTestNode(t, &scripted{invoke: untilKilled})
	id := n.mustCreate(t, "c")
	c := converse(t, n)
	c.invoke(1, id, "")
	c.invoke(2, id, "")
	eventually(t, "both run", func() bool { return n.inFlight(t, id) == 2 })
	c.invoke(2, id, "")
	c.say(&nodeservicepb.SessionRequest{Cancels: []uint64{1, 77}})
	if _, code := c.hear(1); code != codes.Canceled {
		t.Errorf("canceled: %v", code)
	}
	if _, code := c.hear(2); code != codes.InvalidArgument {
		t.Errorf("an id twice: %v", code)
	}
	if got := n.inFlight(t, id); got != 1 {
		t.Errorf("%d are running, want the other one", got)
	}
	c.cancel()
	eventually(t, "nothing runs", func() bool { return n.inFlight(t, id) == 0 })
}

// TestSessionOfANodeThatStops: what runs ends, what comes is sent away, and then the
// session ends well.
func TestSessionOfANodeThatStops(t *testing.T) {
	begun, finish := make(chan struct{}, 1), make(chan struct{})
	n := newTestNode(t, &scripted{invoke: func(context.Context, *scriptedContainer, sandbox.Invocation) (sandbox.Result, error) {
		begun <- struct{}{}
		<-finish
		return sandbox.Result{Body: []byte("done")}, nil
	}})
	front := rpc.NewServer(rpc.ServerConfig{Log: zap.NewNop()})
	nodeservicepb.RegisterNodeServiceServer(front, n.server)
	lis, err := rpc.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- front.Serve(ctx, lis) }()
	conn, err := rpc.Dial(lis.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := converse(t, nodeservicepb.NewNodeServiceClient(conn))
	id := n.mustCreate(t, "c")
	c.invoke(0, id, "")
	<-begun
	stop()
	for late := uint64(1); c.errors[late-1].GetMessage() != "the node is stopping"; late++ {
		c.invoke(late, "nowhere", "")
		if _, code := c.hear(late); code != codes.NotFound {
			t.Fatalf("what came too late: %v", code)
		}
	}
	close(finish)
	if got, code := c.hear(0); code != codes.OK || string(got.GetBody()) != "done" {
		t.Errorf("what ran: %v, %v", got, code)
	}
	if _, err := c.stream.Recv(); err != io.EOF {
		t.Errorf("the session ended with %v", err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// TestSessionOfOneWhoNeverReads: it begins no more after a while, and leaves nothing running.
func TestSessionOfOneWhoNeverReads(t *testing.T) {
	n := newTestNode(t, &scripted{invoke: func(context.Context, *scriptedContainer, sandbox.Invocation) (sandbox.Result, error) {
		return sandbox.Result{Body: make([]byte, 60<<10)}, nil
	}})
	id := n.mustCreate(t, "c")
	deaf := converse(t, n)
	request := &nodeservicepb.InvokeFunctionRequest{ContainerId: id, Event: make([]byte, 30<<10)}
	sent := make(chan int, 1)
	go func() {
		i := 0
		for ; i < 10_000; i++ {
			if deaf.stream.Send(&nodeservicepb.SessionRequest{Invocations: []*nodeservicepb.SessionInvocation{{Id: uint64(i), Request: request}}}) != nil {
				break
			}
		}
		sent <- i
	}()
	other := converse(t, n)
	for i := range uint64(200) {
		other.invoke(i, id, "")
		if _, code := other.hear(i); code != codes.OK {
			t.Fatalf("answer %d: %v", i, code)
		}
	}
	deaf.cancel()
	if got := <-sent; got == 10_000 {
		t.Errorf("all %d invocations were taken from a client that reads no answer", got)
	}
	eventually(t, "nothing runs", func() bool { return n.inFlight(t, id) == 0 })
}
