package scheduler

import (
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
	"github.com/minifaas/minifaas/scheduler/engine"
)

func TestExplain(t *testing.T) {
	node := newFakeNode(t, nodeID(1))
	before := time.Now()
	h := ready(t, Config{ResourceManager: newManager(t, node).address})
	explain := func(id string) (*schedulerpb.ExplainReply, error) {
		return h.Explain(t.Context(), &schedulerpb.ExplainRequest{RequestId: id})
	}
	if _, err := explain(""); status.Code(err) != codes.NotFound {
		t.Errorf("the last one, before there was any: %v, want NOT_FOUND", err)
	}
	lease := h.acquire(t, "r1", "f")
	h.giveBack(t, "r1", lease, false)
	h.acquire(t, "r2", "f")
	last, err := explain("")
	if err != nil || last.GetRequestId() != "r1" || last.GetColdStart() == nil {
		t.Errorf("the last that was no warm start at once: %v, error %v; want r1", last, err)
	}
	cold, err := explain("r1")
	if err != nil {
		t.Fatal(err)
	}
	arrived := time.Unix(0, cold.GetArrivedUnixNanos())
	if cold.GetOutcome() != "cold" || cold.GetContainerId() != lease.GetContainerId() || cold.GetNodeId() != nodeID(1) || cold.GetFunctionName() != "f" ||
		cold.GetPolicy() != "adaptive" || cold.GetCreated() != 1 || cold.GetNodesAsked() != 1 || cold.GetCause() != "a container was made" ||
		cold.GetWaitedNanos() < cold.GetCreationNanos() || cold.GetCreationNanos() <= 0 || arrived.Before(before) || arrived.After(time.Now()) {
		t.Errorf("the first: %v", cold)
	}
	if warm, err := explain("r2"); err != nil || warm.GetOutcome() != "warm" || warm.GetIdle() != 1 || warm.GetCause() != "" || warm.GetWaitedNanos() != 0 {
		t.Errorf("the second: %v, error %v", warm, err)
	}
	if _, err := explain("nobody"); status.Code(err) != codes.NotFound {
		t.Errorf("an unknown request: %v, want NOT_FOUND", err)
	}
}

// A refusal says when to try again, where that is known.
func TestRefusalSaysWhenToTryAgain(t *testing.T) {
	err := refusal(&engine.Action{Kind: engine.Refuse, Refusal: engine.QueueFull, Message: "full", RetryAfter: 1500 * time.Millisecond})
	s := status.Convert(err)
	if s.Code() != codes.ResourceExhausted || s.Message() != "full" || len(s.Details()) != 1 {
		t.Fatalf("%v with details %v", err, s.Details())
	}
	if info, ok := s.Details()[0].(*errdetails.RetryInfo); !ok || info.GetRetryDelay().AsDuration() != 1500*time.Millisecond {
		t.Errorf("detail %v, want to try again in 1.5 s", s.Details()[0])
	}
	if s := status.Convert(refusal(&engine.Action{Kind: engine.Refuse, Refusal: engine.CreateFailed})); s.Code() != codes.FailedPrecondition || len(s.Details()) != 0 {
		t.Errorf("%v with details %v, want none", s, s.Details())
	}
}
