package apiserver

import (
	"context"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/function"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// announceAgain is how long a scheduler is left alone that could not take the functions.
const announceAgain = time.Second

// announce tells the scheduler of all functions, and again each time that the
// connection to it is made anew: a scheduler that was restarted has forgotten them. It
// returns when ctx ends.
func (s *Server) announce(ctx context.Context) {
	scheduler, request := schedulerpb.NewSchedulerClient(s.conn), announcement(s.cfg.Functions.All())
	for s.awaitConnection(ctx) {
		_, err := scheduler.AnnounceFunctions(ctx, request, grpc.WaitForReady(true))
		switch {
		case status.Code(err) == codes.Unavailable:
			// It is being restarted, and the next one may be connected already.
			select {
			case <-time.After(announceAgain):
			case <-ctx.Done():
			}
			continue
		case err != nil && status.Code(err) != codes.Unimplemented && ctx.Err() == nil:
			s.log.Warn("announce functions failed; their first calls may be cold", zap.Error(err))
		}
		s.conn.WaitForStateChange(ctx, connectivity.Ready)
	}
}

// awaitConnection makes a connection to the scheduler; false: ctx is over.
func (s *Server) awaitConnection(ctx context.Context) bool {
	for {
		state := s.conn.GetState()
		if state == connectivity.Ready {
			return ctx.Err() == nil
		}
		if state == connectivity.Idle {
			s.conn.Connect()
		}
		if !s.conn.WaitForStateChange(ctx, state) {
			return false
		}
	}
}

func announcement(functions []function.Function) *schedulerpb.AnnounceFunctionsRequest {
	request := &schedulerpb.AnnounceFunctionsRequest{}
	for _, f := range functions {
		request.Functions = append(request.Functions, &schedulerpb.AnnouncedFunction{
			AccountId:      f.Name.Account,
			FunctionName:   f.Name.String(),
			FunctionConfig: schedulerConfig(f),
		})
	}
	return request
}

// schedulerConfig is what a scheduler is told of a function beside its name.
func schedulerConfig(f function.Function) *schedulerpb.FunctionConfig {
	return &schedulerpb.FunctionConfig{
		TimeoutInMs:   f.Timeout.Milliseconds(),
		MemoryInBytes: f.Memory,
		Handler:       f.Handler,
		Concurrency:   int32(f.Concurrency),
	}
}
