package linux

import (
	"context"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sessions "github.com/minifaas/minifaas/internal/session"
	containerservicepb "github.com/minifaas/minifaas/proto/containerservice"
)

const (
	// mostEvent is the largest event that goes over a session, in bytes: a larger one
	// would hold up those behind it.
	mostEvent = 32 << 10
	// mostInvocations bounds a message.
	mostInvocations = 64
)

// session sends a container's invocations to its agent over one stream, which lasts as
// long as the agent. It is opened with the first of them.
type session struct {
	client containerservicepb.ContainerServiceClient
	open   sync.Once
	calls  *sessions.Calls[*containerservicepb.InvokeRequest, invoked]
}

type invoked struct {
	reply *containerservicepb.InvokeReply
	err   error
}

func newSession(client containerservicepb.ContainerServiceClient) *session {
	return &session{client: client, calls: sessions.NewCalls[*containerservicepb.InvokeRequest, invoked]()}
}

// invoke is the agent's Invoke.
func (s *session) invoke(ctx context.Context, request *containerservicepb.InvokeRequest) (*containerservicepb.InvokeReply, error) {
	if len(request.GetEvent()) > mostEvent {
		return s.client.Invoke(ctx, request)
	}
	s.open.Do(func() { go s.run() })
	a, err := s.calls.Do(ctx, request)
	if err != nil {
		return nil, status.FromContextError(err).Err()
	}
	return a.reply, a.err
}

// run ends with the connection, which ends with the container.
func (s *session) run() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stream, err := s.client.Session(ctx)
	if err == nil {
		exchange := sessions.Exchange[containerservicepb.SessionRequest, containerservicepb.SessionReply]{
			Stream: stream, Cancel: cancel, Ready: s.calls.Ready(), Next: s.next, Heard: s.hear,
		}
		err = exchange.Run()
	}
	// As a call that the agent has dropped: whatever ends the session, the agent is no use any more.
	s.calls.End(invoked{err: status.Errorf(codes.Unavailable, "the session with the agent has ended: %v", err)})
}

func (s *session) next() *containerservicepb.SessionRequest {
	calls, _ := s.calls.Take(mostInvocations)
	if len(calls) == 0 {
		return nil
	}
	request := &containerservicepb.SessionRequest{}
	for _, c := range calls {
		request.Invocations = append(request.Invocations, &containerservicepb.SessionInvocation{Id: c.ID, Request: c.Request})
	}
	return request
}

func (s *session) hear(reply *containerservicepb.SessionReply) {
	for _, a := range reply.GetAnswers() {
		// The error is nil where the code is 0, which is OK.
		err := status.Error(codes.Code(a.GetCode()), a.GetMessage())
		s.calls.Answer(a.GetId(), invoked{a.GetReply(), err})
	}
}
