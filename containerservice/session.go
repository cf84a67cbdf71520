package containerservice

import (
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/session"
	containerservicepb "github.com/minifaas/minifaas/proto/containerservice"
)

const (
	// mostAnswers and mostBytes bound a message: no answer is sent along with so many
	// others, or so many bytes of them.
	mostAnswers = 64
	mostBytes   = 64 << 10
)

// Session runs invocations side by side until the node closes the stream, and so the
// connection: who waits for them has gone then.
func (s *Server) Session(stream containerservicepb.ContainerService_SessionServer) error {
	answers := session.NewQueue[*containerservicepb.SessionAnswer]()
	requests, ended := session.Receive(stream)
	for {
		select {
		case request := <-requests:
			for _, inv := range request.GetInvocations() {
				go func() {
					reply, err := s.Invoke(stream.Context(), inv.GetRequest())
					e := status.Convert(err)
					answers.Add(&containerservicepb.SessionAnswer{Id: inv.GetId(), Reply: reply, Code: int32(e.Code()), Message: e.Message()})
				}()
			}
		case <-answers.Ready():
			session.Gather()
			if err := send(stream, answers.Take(mostAnswers)); err != nil {
				return err
			}
		case err := <-ended:
			return err
		}
	}
}

// send sends answers in as many messages as their sizes take.
func send(stream containerservicepb.ContainerService_SessionServer, answers []*containerservicepb.SessionAnswer) error {
	reply, bytes := &containerservicepb.SessionReply{}, 0
	for i, a := range answers {
		reply.Answers = append(reply.Answers, a)
		bytes += len(a.GetReply().GetBody()) + len(a.GetReply().GetFunctionLog())
		if bytes < mostBytes && i < len(answers)-1 {
			continue
		}
		if err := stream.Send(reply); err != nil {
			return err
		}
		reply, bytes = &containerservicepb.SessionReply{}, 0
	}
	return nil
}
