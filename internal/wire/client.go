package wire

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/minifaas/minifaas/internal/workers"
)

// Client is the node's end. Errors have a code; a reply is never nil. A call whose ctx ends is left: the
// agent is not told. It is safe for concurrent use.
type Client struct {
	line *line

	mu   sync.Mutex // guards the fields below
	last uint64
	open map[uint64]chan *Answer
	why  error // the line has ended; nil: it has not
}

// senders write calls, of all clients: each is busy for as long as its line takes the call.
var senders = workers.New(mostIdle)

// NewClient speaks over a connection, which remains the caller's to close.
func NewClient(conn net.Conn) *Client {
	c := &Client{line: newLine(conn), open: map[uint64]chan *Answer{}}
	go c.listen()
	return c
}

// Prepare is the agent's.
func (c *Client) Prepare(ctx context.Context, request *PrepareRequest) (*PrepareReply, error) {
	a, err := c.call(ctx, &Call{Prepare: request})
	return orEmpty(a.Prepare), err
}

// Load is the agent's.
func (c *Client) Load(ctx context.Context, request *LoadRequest) (*LoadReply, error) {
	a, err := c.call(ctx, &Call{Load: request})
	return orEmpty(a.Load), err
}

// Invoke is the agent's.
func (c *Client) Invoke(ctx context.Context, request *InvokeRequest) (*InvokeReply, error) {
	a, err := c.call(ctx, &Call{Invoke: request})
	return orEmpty(a.Invoke), err
}

// EndInvocation is the agent's.
func (c *Client) EndInvocation(ctx context.Context, request *EndInvocationRequest) (*EndInvocationReply, error) {
	a, err := c.call(ctx, &Call{EndInvocation: request})
	return orEmpty(a.EndInvocation), err
}

// Trim is the agent's.
func (c *Client) Trim(ctx context.Context, request *TrimRequest) (*TrimReply, error) {
	a, err := c.call(ctx, &Call{Trim: request})
	return orEmpty(a.Trim), err
}

// Pass asks what a Call of the proto says, and returns the Answer, both as protobuf writes them.
func (c *Client) Pass(ctx context.Context, encoded []byte) ([]byte, error) {
	call := &Call{}
	if err := parse(encoded, callFields(call)); err != nil {
		return nil, Errorf(InvalidArgument, "decode call: %v", err)
	}
	answer, err := c.call(ctx, call)
	if err != nil {
		return nil, err
	}
	return appendTo(nil, answerFields(answer)), nil
}

// orEmpty is the reply, or an empty one where there is none.
func orEmpty[T any](reply *T) *T {
	if reply == nil {
		return new(T)
	}
	return reply
}

func (c *Client) call(ctx context.Context, call *Call) (*Answer, error) {
	answered, err := c.begin(call)
	if err != nil {
		return &Answer{}, err
	}
	// In the background: an agent that gets no CPU may not read for long.
	senders.Go(func() {
		if err := c.line.send(callFields(call), func() bool { return c.isOpen(call.ID) }); err != nil {
			c.end(failure(call.ID, err))
		}
	})
	select {
	case answer := <-answered:
		if answer.Code == int32(OK) {
			return answer, nil
		}
		return &Answer{}, Error(Code(answer.Code), answer.Message)
	case <-ctx.Done():
		c.end(failure(call.ID, ctx.Err()))
		return &Answer{}, ContextError(ctx.Err())
	}
}

// begin numbers the call.
func (c *Client) begin(call *Call) (<-chan *Answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why != nil {
		return nil, c.why
	}
	c.last++
	call.ID = c.last
	answered := make(chan *Answer, 1)
	c.open[call.ID] = answered
	return answered, nil
}

// isOpen: somebody still waits for the answer.
func (c *Client) isOpen(id uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open[id] != nil
}

// end answers a call. One that is over is left at that.
func (c *Client) end(answer *Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if answered := c.open[answer.ID]; answered != nil {
		delete(c.open, answer.ID)
		answered <- answer
	}
}

// listen hears answers until the line ends, which is the answer of all calls then.
func (c *Client) listen() {
	for {
		answer := &Answer{}
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
		c.why = Errorf(Unavailable, "the connection with the agent has ended: %v", err)
		c.line.conn.Close() // it may be heard, and not understood
		for id, answered := range c.open {
			delete(c.open, id)
			answered <- failure(id, c.why)
		}
		return
	}
}

// check fails for what no agent of ours would say.
func (c *Client) check(answer *Answer) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if answer.ID > c.last {
		return fmt.Errorf("an answer to call %d, of %d that there were", answer.ID, c.last)
	}
	if code := answer.Code; code < 0 || code > int32(mostCode) {
		return fmt.Errorf("an answer with code %d", code)
	}
	return nil
}

// failure is the answer that is an error.
func failure(id uint64, err error) *Answer {
	return &Answer{ID: id, Code: int32(CodeOf(err)), Message: strings.ToValidUTF8(err.Error(), "\uFFFD")}
}
