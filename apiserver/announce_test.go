package apiserver

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"

	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

func announcing(cfg *Config) { cfg.Announce = true }

// TestFunctionsAreAnnounced: as the calls of them will be, and anew to each scheduler.
func TestFunctionsAreAnnounced(t *testing.T) {
	heard := make(chan struct{}, 8)
	s := &fakeScheduler{announce: func(context.Context) error { heard <- struct{}{}; return nil }}
	p := newPlatform(t, s, &fakeNode{invoke: succeed}, announcing)
	awaitAnnouncement(t, heard)
	s.server.Stop()
	s.serve(t, s.address)
	awaitAnnouncement(t, heard)
	if _, err := invoke(t, p); err != nil {
		t.Fatal(err)
	}
	p.settle()
	if len(s.announced) != 2 {
		t.Errorf("announced %d times to two schedulers", len(s.announced))
	}
	called := s.acquired[0]
	want := &schedulerpb.AnnounceFunctionsRequest{Functions: []*schedulerpb.AnnouncedFunction{{
		AccountId: called.GetAccountId(), FunctionName: called.GetFunctionName(), FunctionConfig: called.GetFunctionConfig(),
	}}}
	for _, got := range s.announced {
		if d := cmp.Diff(want, got, protocmp.Transform()); d != "" {
			t.Errorf("announced is not what was called (-called +announced):\n%s", d)
		}
	}
}

// TestAnnouncementIsRepeated to a scheduler that was about to be restarted.
func TestAnnouncementIsRepeated(t *testing.T) {
	heard := make(chan struct{}, 8)
	s := &fakeScheduler{}
	stopping := true
	s.announce = func(context.Context) error {
		defer func() { heard <- struct{}{} }()
		if stopping {
			stopping = false
			return status.Error(codes.Unavailable, "the scheduler is stopping")
		}
		return nil
	}
	newPlatform(t, s, &fakeNode{invoke: succeed}, announcing)
	awaitAnnouncement(t, heard)
	awaitAnnouncement(t, heard)
}

// TestForeignSchedulerIsLeftAlone: one that does not know the call is asked once
// for each connection, and nobody is told.
func TestForeignSchedulerIsLeftAlone(t *testing.T) {
	core, said := observer.New(zapcore.DebugLevel)
	heard := make(chan struct{}, 8)
	s := &fakeScheduler{contest: true, announce: func(context.Context) error {
		heard <- struct{}{}
		return status.Error(codes.Unimplemented, "unknown method AnnounceFunctions")
	}}
	p := newPlatform(t, s, &fakeNode{invoke: succeed}, announcing, func(cfg *Config) { cfg.Log = zap.New(core) })
	awaitAnnouncement(t, heard)
	if _, err := invoke(t, p); err != nil {
		t.Fatal(err)
	}
	s.server.GracefulStop() // which lets the answer through
	s.serve(t, s.address)
	awaitAnnouncement(t, heard)
	if _, err := invoke(t, p); err != nil {
		t.Fatal(err)
	}
	p.settle()
	if n := len(s.announced); n != 2 {
		t.Errorf("asked %d times on two connections", n)
	}
	if lines := said.All(); len(lines) != 0 {
		t.Errorf("logged: %v", lines)
	}
}

// TestRefusedAnnouncementIsLogged, and left at that.
func TestRefusedAnnouncementIsLogged(t *testing.T) {
	core, said := observer.New(zapcore.WarnLevel)
	logged := make(chan struct{}, 8)
	log := zap.New(core, zap.Hooks(func(zapcore.Entry) error { logged <- struct{}{}; return nil }))
	s := &fakeScheduler{announce: func(context.Context) error { return status.Error(codes.InvalidArgument, "functions[0]: no") }}
	p := newPlatform(t, s, &fakeNode{invoke: succeed}, announcing, func(cfg *Config) { cfg.Log = log })
	awaitAnnouncement(t, logged)
	p.settle()
	if len(s.announced) != 1 || said.Len() != 1 {
		t.Errorf("announced %d times, logged %v", len(s.announced), said.All())
	}
}

// TestAnnouncementDelaysNothing: not a call, nor the end of the server.
func TestAnnouncementDelaysNothing(t *testing.T) {
	heard := make(chan struct{}, 1)
	s := &fakeScheduler{announce: func(ctx context.Context) error {
		heard <- struct{}{}
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err()
	}}
	p := newPlatform(t, s, &fakeNode{invoke: succeed}, announcing)
	awaitAnnouncement(t, heard)
	if _, err := invoke(t, p); err != nil {
		t.Fatal(err)
	}
	p.settle()
}

// TestNothingIsAnnouncedUnasked: it costs memory.
func TestNothingIsAnnouncedUnasked(t *testing.T) {
	s := &fakeScheduler{}
	p := newPlatform(t, s, &fakeNode{invoke: succeed})
	if _, err := invoke(t, p); err != nil {
		t.Fatal(err)
	}
	p.settle()
	if len(s.announced) != 0 {
		t.Errorf("announced: %v", s.announced)
	}
}

func awaitAnnouncement(t *testing.T, heard <-chan struct{}) {
	t.Helper()
	select {
	case <-heard:
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was announced")
	}
}
