package wire

import (
	"context"
	"net"

	"github.com/minifaas/minifaas/internal/workers"
)

// Service is what an agent does: the proto says what. Errors have a code, or none where that is unknown.
type Service interface {
	Prepare(context.Context, *PrepareRequest) (*PrepareReply, error)
	Load(context.Context, *LoadRequest) (*LoadReply, error)
	Invoke(context.Context, *InvokeRequest) (*InvokeReply, error)
	EndInvocation(context.Context, *EndInvocationRequest) (*EndInvocationReply, error)
	Trim(context.Context, *TrimRequest) (*TrimReply, error)
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
		call := &Call{}
		if err := l.receive(callFields(call)); err != nil {
			return
		}
		callees.Go(func() {
			if err := l.send(answerFields(answer(ctx, s, call)), always); err != nil {
				_ = l.send(answerFields(failure(call.ID, err)), always) // it was too large; else nobody hears this either
			}
		})
	}
}

func always() bool { return true }

func answer(ctx context.Context, s Service, call *Call) *Answer {
	a := &Answer{ID: call.ID}
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
		err = Error(Unimplemented, "a call of what this agent does not know")
	}
	if err != nil {
		return failure(call.ID, err)
	}
	return a
}
