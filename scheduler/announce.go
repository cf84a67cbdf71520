package scheduler

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// AnnounceFunctions lets the policy prepare for functions before their first
// calls. They are announced one by one, so that calls need not wait for all of them.
func (s *Server) AnnounceFunctions(ctx context.Context, req *schedulerpb.AnnounceFunctionsRequest) (*schedulerpb.AnnounceFunctionsReply, error) {
	for i, f := range req.GetFunctions() {
		if err := checkFunction(f.GetFunctionName(), f.GetFunctionConfig()); err != nil {
			return nil, status.Errorf(codes.InvalidArgument, "functions[%d]: %v", i, err)
		}
	}
	if err := s.awaitRunning(ctx); err != nil {
		return nil, err
	}
	for _, f := range req.GetFunctions() {
		s.step(&engine.Event{
			Kind:     engine.Announce,
			Account:  f.GetAccountId(),
			Function: functionSpec(f.GetFunctionName(), f.GetFunctionConfig()),
		})
	}
	return &schedulerpb.AnnounceFunctionsReply{}, nil
}
