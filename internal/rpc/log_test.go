package rpc

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// TestWhatIsLogged: at the default level callers' own faults are no news.
func TestWhatIsLogged(t *testing.T) {
	for _, test := range []struct {
		level zapcore.Level
		code  codes.Code
		want  []zapcore.Level
	}{
		{zapcore.InfoLevel, codes.OK, nil},
		{zapcore.InfoLevel, codes.NotFound, nil},
		{zapcore.InfoLevel, codes.ResourceExhausted, nil},
		{zapcore.InfoLevel, codes.Canceled, nil},
		{zapcore.InfoLevel, codes.Unavailable, []zapcore.Level{zapcore.WarnLevel}},
		{zapcore.InfoLevel, codes.Aborted, []zapcore.Level{zapcore.WarnLevel}},
		{zapcore.InfoLevel, codes.Internal, []zapcore.Level{zapcore.ErrorLevel}},
		{zapcore.ErrorLevel, codes.Unavailable, nil},
		{zapcore.DebugLevel, codes.OK, []zapcore.Level{zapcore.DebugLevel}},
		{zapcore.DebugLevel, codes.NotFound, []zapcore.Level{zapcore.DebugLevel}},
		{zapcore.DebugLevel, codes.Unavailable, []zapcore.Level{zapcore.WarnLevel}},
		{zapcore.DebugLevel, codes.Internal, []zapcore.Level{zapcore.ErrorLevel}},
	} {
		t.Run(test.level.String()+" "+test.code.String(), func(t *testing.T) {
			core, logged := observer.New(test.level)
			s := NewServer(ServerConfig{Log: zap.New(core)})
			schedulerpb.RegisterSchedulerServer(s, scheduler{answer: func() error { return status.Error(test.code, "as the test says") }})
			_, err := schedulerpb.NewSchedulerClient(serve(t, s)).ReturnContainer(t.Context(), &schedulerpb.ReturnContainerRequest{}, grpc.WaitForReady(true))
			if status.Code(err) != test.code {
				t.Fatal(err)
			}
			var got []zapcore.Level
			for _, entry := range logged.All() {
				got = append(got, entry.Level)
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("lines (-want +got):\n%s", d)
			}
		})
	}
}
