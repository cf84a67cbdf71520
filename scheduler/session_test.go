package scheduler

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// conversation is the client's end of a session.
type conversation struct {
	t      testing.TB
	stream schedulerpb.Scheduler_SessionClient
	cancel context.CancelFunc
	// answers that have been received and not been asked for; returned is the last figure.
	answers  map[uint64]*schedulerpb.SessionAnswer
	returned uint64
}

func (h *harness) converse(t testing.TB) *conversation {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	stream, err := h.Session(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return &conversation{t: t, stream: stream, cancel: cancel, answers: map[uint64]*schedulerpb.SessionAnswer{}}
}

func (c *conversation) say(r *schedulerpb.SessionRequest) {
	c.t.Helper()
	if err := c.stream.Send(r); err != nil {
		c.t.Fatal(err)
	}
}

// ask sends an acquire under the request id "r<id>".
func (c *conversation) ask(id uint64, function string) {
	c.t.Helper()
	c.say(&schedulerpb.SessionRequest{Acquires: []*schedulerpb.SessionAcquire{{Id: id, Request: request(fmt.Sprint("r", id), function)}}})
}

// hear waits for the answer of an acquire.
func (c *conversation) hear(id uint64) *schedulerpb.SessionAnswer {
	c.t.Helper()
	for c.answers[id] == nil {
		reply, err := c.stream.Recv()
		if err != nil {
			c.t.Fatalf("answer of %d: %v", id, err)
		}
		c.returned = reply.GetReturned()
		for _, a := range reply.GetAnswers() {
			if c.answers[a.GetId()] != nil {
				c.t.Errorf("two answers of %d", a.GetId())
			}
			c.answers[a.GetId()] = a
		}
	}
	return c.answers[id]
}

func giveBack(id uint64, container string) *schedulerpb.ReturnContainerRequest {
	return &schedulerpb.ReturnContainerRequest{RequestId: fmt.Sprint("r", id), ContainerId: container, DurationInNanos: 1, MaxMemoryUsageInBytes: 1}
}

func TestSessionSpeaksAsTheCallsDo(t *testing.T) {
	h := ready(t, Config{ResourceManager: newManager(t, newFakeNode(t, nodeID(1))).address})
	c := h.converse(t)
	c.ask(1, "f")
	first := c.hear(1).GetGranted()
	if !first.GetColdStart() || first.GetNodeId() != nodeID(1) {
		t.Errorf("first answer: %v", first)
	}
	// A return takes effect before the acquires of its message.
	c.say(&schedulerpb.SessionRequest{
		Acquires: []*schedulerpb.SessionAcquire{{Id: 2, Request: request("r2", "f")}},
		Returns:  []*schedulerpb.ReturnContainerRequest{giveBack(1, first.GetContainerId())},
	})
	if got := c.hear(2).GetGranted(); got.GetColdStart() || got.GetContainerId() != first.GetContainerId() || c.returned != 1 {
		t.Errorf("second answer: %v, %d returned", got, c.returned)
	}
	// A request that is repeated has its answer repeated, here as there.
	if got := h.acquire(t, "r2", "f"); got.GetContainerId() != first.GetContainerId() {
		t.Errorf("repeated answer: %v", got)
	}
	c.say(&schedulerpb.SessionRequest{Acquires: []*schedulerpb.SessionAcquire{{Id: 3, Request: request("r3", "")}}})
	if got := c.hear(3).GetError(); codes.Code(got.GetCode()) != codes.InvalidArgument {
		t.Errorf("no function: %v", got)
	}
	if n := h.status(t).GetCounters(); n.GetAcquired() != 2 || n.GetReturned() != 1 || n.GetLeasesActive() != 1 {
		t.Errorf("counters: %v", n)
	}
}

// TestSessionRefuses with all that a call's error has.
func TestSessionRefuses(t *testing.T) {
	node := newFakeNode(t, nodeID(1))
	node.create, _, _ = hold()
	h := ready(t, Config{ResourceManager: newManager(t, node).address, Engine: engine.Config{QueueLimit: 1}})
	c := h.converse(t)
	c.ask(1, "f")
	c.ask(2, "f")
	refused := c.hear(2).GetError()
	if codes.Code(refused.GetCode()) != codes.ResourceExhausted || refused.GetMessage() != "1 requests wait for f already" {
		t.Errorf("got %v", refused)
	}
	var retry errdetails.RetryInfo
	if d := refused.GetDetails(); len(d) != 1 || d[0].UnmarshalTo(&retry) != nil || retry.GetRetryDelay().AsDuration() <= 0 {
		t.Errorf("details: %v", d)
	}
	c.say(&schedulerpb.SessionRequest{Acquires: []*schedulerpb.SessionAcquire{{Id: 3, Request: request("r3", "g"), TimeoutInNanos: int64(30 * time.Millisecond)}}})
	if got := c.hear(3).GetError(); codes.Code(got.GetCode()) != codes.DeadlineExceeded {
		t.Errorf("past its time: %v", got)
	}
	c.ask(1, "f")
	if got := c.hear(1).GetError(); codes.Code(got.GetCode()) != codes.InvalidArgument {
		t.Errorf("an id twice: %v", got)
	}
}

func TestSessionCancels(t *testing.T) {
	node := newFakeNode(t, nodeID(1))
	create, begun, release := hold()
	node.create = create
	h := ready(t, Config{ResourceManager: newManager(t, node).address})
	c := h.converse(t)
	c.ask(1, "f")
	c.ask(2, "f")
	await(t, "the creation begins", begun)
	c.say(&schedulerpb.SessionRequest{Cancels: []uint64{1, 77}})
	if got := c.hear(1).GetError(); codes.Code(got.GetCode()) != codes.Canceled {
		t.Errorf("canceled: %v", got)
	}
	release()
	if got := c.hear(2).GetGranted(); got == nil {
		t.Errorf("the other one: %v", c.hear(2))
	}
	c.say(&schedulerpb.SessionRequest{Cancels: []uint64{2}}) // too late: it is the client's
	c.say(&schedulerpb.SessionRequest{Returns: []*schedulerpb.ReturnContainerRequest{giveBack(2, c.hear(2).GetGranted().GetContainerId())}})
	c.ask(3, "f")
	if c.hear(3).GetGranted() == nil {
		t.Errorf("after the return: %v", c.hear(3))
	}
	if n := h.status(t).GetCounters(); n.GetCanceled() != 1 || n.GetReturned() != 1 {
		t.Errorf("counters: %v", n)
	}
}

// TestSessionEnds: what waits is canceled, what was granted stays granted.
func TestSessionEnds(t *testing.T) {
	node := newFakeNode(t, nodeID(1))
	var made tally
	node.create = func(ctx context.Context, req *nodeservicepb.CreateContainerRequest) error {
		if made.add(req.GetFunctionMeta().GetFunctionName()) > 1 {
			<-ctx.Done() // so that the second call waits
		}
		return ctx.Err()
	}
	h := ready(t, Config{ResourceManager: newManager(t, node).address})
	for name, end := range map[string]func(*conversation){
		"in order": func(c *conversation) {
			if err := c.stream.CloseSend(); err != nil {
				t.Error(err)
			}
			if _, err := c.stream.Recv(); err != io.EOF {
				t.Errorf("ended with %v", err)
			}
		},
		"cut off": func(c *conversation) { c.cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			before := h.status(t).GetCounters()
			c := h.converse(t)
			c.ask(1, name)
			c.hear(1)
			c.ask(2, name)
			eventually(t, "it waits", func() bool { return h.queued(t) == 1 })
			end(c)
			eventually(t, "nothing waits", func() bool { return h.queued(t) == 0 })
			after := h.status(t).GetCounters()
			if after.GetCanceled() != before.GetCanceled()+1 || after.GetLeasesActive() != before.GetLeasesActive()+1 {
				t.Errorf("counters: %v, before: %v", after, before)
			}
		})
	}
}

// TestSessionOfOneWhoNeverReads: it is not read from in the end, holds up nobody, and
// leaves no lease with nobody when it is gone.
func TestSessionOfOneWhoNeverReads(t *testing.T) {
	h := ready(t, Config{ResourceManager: newManager(t, newFakeNode(t, nodeID(1))).address})
	deaf := h.converse(t)
	bad := &schedulerpb.SessionRequest{}
	for id := range uint64(1000) {
		bad.Acquires = append(bad.Acquires, &schedulerpb.SessionAcquire{Id: id, Request: request("", "")})
	}
	sent := make(chan int, 1)
	go func() {
		n := 0
		for ; n < 100_000 && deaf.stream.Send(bad) == nil; n++ {
		}
		sent <- n
	}()
	other := h.converse(t)
	for id := range uint64(200) {
		other.ask(id, "f")
		lease := other.hear(id).GetGranted()
		if lease == nil {
			t.Fatalf("answer %d: %v", id, other.hear(id))
		}
		other.say(&schedulerpb.SessionRequest{Returns: []*schedulerpb.ReturnContainerRequest{giveBack(id, lease.GetContainerId())}})
	}
	deaf.cancel()
	if n := await(t, "the end of sending", sent); n == 100_000 {
		t.Errorf("all %d messages were taken from a client that reads no answer", n)
	}
}

// TestSessionUnheard: a grant that could not be sent is given back.
func TestSessionUnheard(t *testing.T) {
	node := newFakeNode(t, nodeID(1))
	create, begun, release := hold()
	node.create = create
	h := ready(t, Config{ResourceManager: newManager(t, node).address})
	c := h.converse(t)
	c.ask(1, "f")
	await(t, "the creation begins", begun)
	c.cancel()
	release()
	eventually(t, "the container is free", func() bool {
		n := h.status(t).GetCounters()
		return n.GetContainersCreated() == 1 && n.GetLeasesActive() == 0
	})
}

// TestSessionStorm: ten thousand at once, each answered once.
func TestSessionStorm(t *testing.T) {
	const storm = 10_000
	h := ready(t, Config{
		ResourceManager: newManager(t, newFakeNode(t, nodeID(1))).address,
		Engine:          engine.Config{QueueLimit: storm, TenantQueueLimit: storm},
	})
	c := h.converse(t)
	go func() {
		for id := range uint64(storm) {
			_ = c.stream.Send(&schedulerpb.SessionRequest{Acquires: []*schedulerpb.SessionAcquire{{Id: id, Request: request(fmt.Sprint("r", id), "f")}}})
		}
		eventually(t, "most wait", func() bool { return h.queued(t) > storm/2 })
		for id := range uint64(storm) {
			_ = c.stream.Send(&schedulerpb.SessionRequest{Cancels: []uint64{id}})
		}
	}()
	granted := 0
	for id := range uint64(storm) {
		if c.hear(id).GetGranted() != nil {
			granted++
		}
	}
	n := h.status(t).GetCounters()
	if granted == 0 || int(n.GetAcquired()) != granted || int(n.GetCanceled()) != storm-granted || h.queued(t) != 0 {
		t.Errorf("%d granted; counters: %v", granted, n)
	}
}

func TestSessionOfASchedulerThatStops(t *testing.T) {
	node := newFakeNode(t, nodeID(1))
	node.create, _, _ = hold()
	h := ready(t, Config{ResourceManager: newManager(t, node).address})
	c := h.converse(t)
	c.ask(1, "f")
	eventually(t, "it waits", func() bool { return h.queued(t) == 1 })
	h.stop()
	_, err := c.stream.Recv()
	wantCode(t, err, codes.Unavailable)
}
