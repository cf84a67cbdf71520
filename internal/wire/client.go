package wire

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/workers"
	containerservicepb "github.com/minifaas/minifaas/proto/containerservice"
)

// Client is the node's end. Errors are gRPC statuses. A call whose ctx ends is left: the
// agent is not told. It is safe for concurrent use.
type Client struct {
	line *line

	mu   sync.Mutex // guards the fields below
	last uint64
	open map[uint64]chan *containerservicepb.Answer
	why  error // the line has ended; nil: it has not
}

// senders write calls, of all clients: each is busy for as long as its line takes the call.
var senders = workers.New(mostIdle)

// NewClient speaks over a connection, which remains the caller's to close.
func NewClient(conn net.Conn) *Client {
	c := &Client{line: newLine(conn), open: map[uint64]chan *containerservicepb.Answer{}}
	go c.listen()
	return c
}

// Prepare is the agent's.
func (c *Client) Prepare(ctx context.Context, request *containerservicepb.PrepareRequest) (*containerservicepb.PrepareReply, error) {
	a, err := c.call(ctx, &containerservicepb.Call{Prepare: request})
	return a.GetPrepare(), err
}

// Load is the agent's.
func (c *Client) Load(ctx context.Context, request *containerservicepb.LoadRequest) (*containerservicepb.LoadReply, error) {
	a, err := c.call(ctx, &containerservicepb.Call{Load: request})
	return a.GetLoad(), err
}

// Invoke is the agent's.
func (c *Client) Invoke(ctx context.Context, request *containerservicepb.InvokeRequest) (*containerservicepb.InvokeReply, error) {
	a, err := c.call(ctx, &containerservicepb.Call{Invoke: request})
	return a.GetInvoke(), err
}

// EndInvocation is the agent's.
func (c *Client) EndInvocation(ctx context.Context, request *containerservicepb.EndInvocationRequest) (*containerservicepb.EndInvocationReply, error) {
	a, err := c.call(ctx, &containerservicepb.Call{EndInvocation: request})
	return a.GetEndInvocation(), err
}

// Trim is the agent's.
func (c *Client) Trim(ctx context.Context, request *containerservicepb.TrimRequest) (*containerservicepb.TrimReply, error) {
	a, err := c.call(ctx, &containerservicepb.Call{Trim: request})
	return a.GetTrim(), err
}

func (c *Client) call(ctx context.Context, call *containerservicepb.Call) (*containerservicepb.Answer, error) {
	answered, err := c.begin(call)
	if err != nil {
		return nil, err
	}
	// In the background: an agent that gets no CPU may not read for long.
	senders.Go(func() {
		if err := c.line.send(callFields(call), func() bool { return c.isOpen(call.GetId()) }); err != nil {
			c.end(failure(call.GetId(), err))
		}
	})
	select {
	case answer := <-answered:
		// The error is nil where the code is 0, which is OK.
		return answer, status.Error(codes.Code(answer.GetCode()), answer.GetMessage())
	case <-ctx.Done():
		c.end(failure(call.GetId(), ctx.Err()))
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

// begin numbers the call.
func (c *Client) begin(call *containerservicepb.Call) (<-chan *containerservicepb.Answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why != nil {
		return nil, c.why
	}
	c.last++
	call.Id = c.last
	answered := make(chan *containerservicepb.Answer, 1)
	c.open[call.Id] = answered
	return answered, nil
}

// isOpen: somebody still waits for the answer.
func (c *Client) isOpen(id uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open[id] != nil
}

// end answers a call. One that is over is left at that.
func (c *Client) end(answer *containerservicepb.Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if answered := c.open[answer.GetId()]; answered != nil {
		delete(c.open, answer.GetId())
		answered <- answer
	}
}

// listen hears answers until the line ends, which is the answer of all calls then.
func (c *Client) listen() {
	for {
		answer := &containerservicepb.Answer{}
		err := c.line.receive(answerFields(answer))
		if err == nil {
			err = c.check(answer)
		}
		if err == nil {
			c.end(answer)
			continue
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.why = status.Errorf(codes.Unavailable, "the connection with the agent has ended: %v", err)
		c.line.conn.Close() // it may be heard, and not understood
		for id, answered := range c.open {
			delete(c.open, id)
			answered <- failure(id, c.why)
		}
		return
	}
}

// check fails for what no agent of ours would say.
func (c *Client) check(answer *containerservicepb.Answer) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if answer.GetId() > c.last {
		return fmt.Errorf("an answer to call %d, of %d that there were", answer.GetId(), c.last)
	}
	if code := answer.GetCode(); code < 0 || code > int32(codes.Unauthenticated) {
		return fmt.Errorf("an answer with code %d", code)
	}
	return nil
}

// failure is the answer that is an error.
func failure(id uint64, err error) *containerservicepb.Answer {
	said := status.Convert(err)
	return &containerservicepb.Answer{Id: id, Code: int32(said.Code()), Message: strings.ToValidUTF8(said.Message(), "\uFFFD")}
}
