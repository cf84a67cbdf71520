package scheduler

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// Explain tells what became of a request, and why; without an id, of the last one that was
// cold, waited or was refused. It looks through all decisions that are kept, so it is for
// people to call, not for programs.
func (s *Server) Explain(_ context.Context, req *schedulerpb.ExplainRequest) (*schedulerpb.ExplainReply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.eng == nil {
		return nil, status.Error(codes.Unavailable, "the scheduler is starting")
	}
	d, ok := s.eng.Decision(engine.RequestID(req.GetRequestId()))
	if req.GetRequestId() == "" {
		d, ok = s.eng.LastDelay()
	}
	switch {
	case !ok && req.GetRequestId() == "":
		return nil, status.Errorf(codes.NotFound,
			"of the last %d requests that were answered, as far as there were so many, none was cold, waited or was refused", s.cfg.Engine.Decisions)
	case !ok:
		return nil, status.Errorf(codes.NotFound,
			"nothing is known of request %s: it is unknown to this scheduler, waits still, or is not among the last %d that were answered",
			req.GetRequestId(), s.cfg.Engine.Decisions)
	}
	reply := explained(&d)
	reply.Policy = s.policy.Name()
	reply.ArrivedUnixNanos = s.start.UnixNano() + int64(d.Arrived)
	if d.Cold {
		reply.ColdStart = s.metrics.creations.explain(d.Container, s.start.Add(time.Duration(d.Arrived)))
	}
	return reply, nil
}

func explained(d *engine.Decision) *schedulerpb.ExplainReply {
	return &schedulerpb.ExplainReply{
		RequestId: string(d.Request), AccountId: d.Account, FunctionName: d.Function,
		WaitedNanos: int64(d.Answered.Sub(d.Arrived)), Outcome: outcome(d), Message: d.Message, RetryAfterNanos: int64(d.RetryAfter),
		NodeId: string(d.Node), ContainerId: string(d.Container),
		MemoryInBytes: int64(d.Size.Memory), ReservedInBytes: int64(d.Size.Booked), CreationNanos: int64(d.CreationTook),
		Containers: int32(d.Seen.Ready), Idle: int32(d.Seen.Idle), Creating: int32(d.Seen.Creating),
		InFlight: int32(d.Seen.InFlight), QueueDepth: int32(d.Seen.Waiting),
		Created: int32(d.Created), Evicted: int32(d.Evicted), NodesAsked: int32(d.Reserved),
		Cause: cause(d),
		Reason: &schedulerpb.Reason{
			WaitNanos: int64(d.Reason.Wait), ColdStartNanos: int64(d.Reason.ColdStart),
			ExecutionNanos: int64(d.Reason.Execution), PriceNanos: int64(d.Reason.Price),
		},
	}
}

func outcome(d *engine.Decision) string {
	switch {
	case !d.Granted:
		return "refused"
	case d.Cold:
		return "cold"
	}
	return "warm"
}

// cause says what ended the waiting; empty where the answer came at once.
func cause(d *engine.Decision) string {
	switch d.Cause {
	case engine.Acquire:
		return ""
	case engine.ContainerReady:
		return "a container was made"
	case engine.ContainerFailed:
		return "a container could not be made"
	case engine.Return:
		return fmt.Sprintf("request %s was returned", d.CauseRequest)
	case engine.ContainerAdopted, engine.Stats:
		return "a container came back into service"
	case engine.Cancel:
		return "its caller went away"
	case engine.NodeFailed:
		return "no node could be reserved"
	case engine.Wake:
		return "its time was over"
	}
	return "something happened to its function's containers"
}
