package apiserver

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sessions "github.com/minifaas/minifaas/internal/session"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

const (
	// mostEvent is the largest event that goes over a session, in bytes: a larger one
	// would hold up those behind it.
	mostEvent = 32 << 10
	// mostInvocations bounds a message.
	mostInvocations = 64
)

// errNoSession: the node does not know Session, and has begun nothing.
var errNoSession = errors.New("the node has no Session")

// errLeft: the node ended a session in good order, and has answered all that it had begun.
var errLeft = errors.New("the node is stopping")

// nodeSession sends invocations to a node over one stream at a time. What a stream had
// taken when it broke may have run, and is not sent again.
type nodeSession struct {
	node  nodeservicepb.NodeServiceClient
	calls *sessions.Calls[*nodeservicepb.InvokeFunctionRequest, outcome]
	// last are the calls of the last message.
	last []*sessions.Call[*nodeservicepb.InvokeFunctionRequest, outcome]
	// parts are results of which more is to come. The receiver alone uses it.
	parts map[uint64]*outcome
}

// newNodeSession makes a session that opens a stream with its first call, and ends with ctx.
func newNodeSession(ctx context.Context, node nodeservicepb.NodeServiceClient) *nodeSession {
	n := &nodeSession{node: node, calls: sessions.NewCalls[*nodeservicepb.InvokeFunctionRequest, outcome]()}
	go n.run(ctx)
	return n
}

// invoke runs one invocation, until its context ends.
func (n *nodeSession) invoke(ctx context.Context, request *nodeservicepb.InvokeFunctionRequest) outcome {
	o, err := n.calls.Do(ctx, request)
	if err != nil {
		return outcome{err: status.FromContextError(err).Err()}
	}
	return o
}

// run opens one stream after the other while there are calls.
func (n *nodeSession) run(ctx context.Context) {
	for {
		select {
		case <-n.calls.Ready():
		case <-ctx.Done():
			return
		}
		opened, err := n.stream(ctx)
		switch {
		case !opened:
			n.calls.Fail(notBegun(err))
		case status.Code(err) == codes.Unimplemented:
			n.calls.End(outcome{err: errNoSession})
			return
		case err == io.EOF: // all that the node has begun is answered
			n.calls.FailSent(notBegun(errLeft))
		default:
			n.calls.FailSent(lostOutcome(err))
		}
	}
}

// stream opens a stream, uses it until it ends, and tells why it has.
func (n *nodeSession) stream(ctx context.Context) (opened bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := n.node.Session(ctx)
	if err != nil {
		return false, err
	}
	n.parts = map[uint64]*outcome{}
	n.calls.Wake() // run has taken the signal
	exchange := sessions.Exchange[nodeservicepb.SessionRequest, nodeservicepb.SessionReply]{
		Stream: stream, Cancel: cancel, Ready: n.calls.Ready(), Next: n.next, Heard: n.hear,
		Unsent: func() { n.calls.Unsend(n.last) },
	}
	return true, exchange.Run()
}

// next is the next message; nil if there is nothing to send.
func (n *nodeSession) next() *nodeservicepb.SessionRequest {
	calls, left := n.calls.Take(mostInvocations)
	if len(calls)+len(left) == 0 {
		return nil
	}
	n.last = calls
	request := &nodeservicepb.SessionRequest{Cancels: left}
	for _, c := range calls {
		request.Invocations = append(request.Invocations, &nodeservicepb.SessionInvocation{Id: c.ID, Request: c.Request})
	}
	return request
}

func (n *nodeSession) hear(reply *nodeservicepb.SessionReply) {
	for _, a := range reply.GetAnswers() {
		id := a.GetId()
		o := n.parts[id]
		if o == nil {
			o = newOutcome()
		}
		if e := a.GetError(); e != nil {
			*o = lostOutcome(status.Error(codes.Code(e.GetCode()), e.GetMessage()))
		} else if o.add(a.GetPart()); a.GetPart().GetFooter() == nil {
			n.parts[id] = o
			continue
		}
		delete(n.parts, id)
		n.calls.Answer(id, *o)
	}
}
