package wire

import (
	"context"
	"net"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/workers"
	containerservicepb "github.com/minifaas/minifaas/proto/containerservice"
)

// Service is what an agent does: the proto says what. Errors are gRPC statuses.
type Service interface {
	Prepare(context.Context, *containerservicepb.PrepareRequest) (*containerservicepb.PrepareReply, error)
	Load(context.Context, *containerservicepb.LoadRequest) (*containerservicepb.LoadReply, error)
	Invoke(context.Context, *containerservicepb.InvokeRequest) (*containerservicepb.InvokeReply, error)
	EndInvocation(context.Context, *containerservicepb.EndInvocationRequest) (*containerservicepb.EndInvocationReply, error)
	Trim(context.Context, *containerservicepb.TrimRequest) (*containerservicepb.TrimReply, error)
}

// Serve answers calls, many at once, until the node closes the connection. Their
// contexts end then: who waits for them has gone.
func Serve(conn net.Conn, s Service) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	l := newLine(conn)
	callees := workers.New(mostIdle)
	defer callees.Close()
	for {
		call := &containerservicepb.Call{}
		if err := l.receive(callFields(call)); err != nil {
			return
		}
		callees.Go(func() {
			if err := l.send(answerFields(answer(ctx, s, call)), always); err != nil {
				_ = l.send(answerFields(failure(call.GetId(), err)), always) // it was too large; else nobody hears this either
			}
		})
	}
}

func always() bool { return true }

func answer(ctx context.Context, s Service, call *containerservicepb.Call) *containerservicepb.Answer {
	a := &containerservicepb.Answer{Id: call.GetId()}
	var err error
	switch {
	case call.Prepare != nil:
		a.Prepare, err = s.Prepare(ctx, call.Prepare)
	case call.Load != nil:
		a.Load, err = s.Load(ctx, call.Load)
	case call.Invoke != nil:
		a.Invoke, err = s.Invoke(ctx, call.Invoke)
	case call.EndInvocation != nil:
		a.EndInvocation, err = s.EndInvocation(ctx, call.EndInvocation)
	case call.Trim != nil:
		a.Trim, err = s.Trim(ctx, call.Trim)
	default:
		err = status.Error(codes.Unimplemented, "a call of what this agent does not know")
	}
	if err != nil {
		return failure(call.GetId(), err)
	}
	return a
}
