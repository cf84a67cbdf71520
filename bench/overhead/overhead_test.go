package overhead

import (
	"context"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/bench/echo"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
)

const beEcho = "MINIFAAS_TEST_ECHO"

// The test program itself is the echo process, as minifaas is in production.
func TestMain(m *testing.M) {
	if os.Getenv(beEcho) != "" {
		if err := echo.Serve(context.Background(), os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

type invoke func(call int32) (*apiserverpb.InvokeFunctionReply, error)

// apiserver serves invoke on loopback.
type apiserver struct {
	apiserverpb.UnimplementedAPIServerServer
	invoke invoke
	calls  atomic.Int32
}

func (a *apiserver) InvokeFunction(context.Context, *apiserverpb.InvokeFunctionRequest) (*apiserverpb.InvokeFunctionReply, error) {
	return a.invoke(a.calls.Add(1))
}

func config(t *testing.T, invoke invoke) Config {
	t.Helper()
	t.Setenv(beEcho, "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	apiserverpb.RegisterAPIServerServer(server, &apiserver{invoke: invoke})
	go server.Serve(lis)
	t.Cleanup(server.Stop)
	return Config{APIServer: lis.Addr().String(), Function: "hello", Event: []byte(`{}`), Rounds: 3, Block: 20, Callers: 8, EchoServer: []string{self}}
}

func TestMeasure(t *testing.T) {
	const work = 5 * time.Millisecond
	cfg := config(t, func(call int32) (*apiserverpb.InvokeFunctionReply, error) {
		time.Sleep(work)
		// One of the warm-up, one of the one caller, and one of the crowd: 20 and 200 calls a round.
		return &apiserverpb.InvokeFunctionReply{ColdStart: call == 1 || call == 230 || call == 250}, nil
	})
	got, err := Measure(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if got.Calls != 59 || got.Cold != 1 {
		t.Errorf("measured %d calls, %d cold", got.Calls, got.Cold)
	}
	if got.Echo.P50 <= 0 || got.Invoke.P50 < work || got.Invoke.P99 < got.Invoke.P50 || got.Ratio() <= 0 {
		t.Errorf("%+v", got)
	}
	if c := got.Crowd; c.Callers != 8 || c.Cold != 1 || c.Echo <= 0 || c.Invoke > 8/work.Seconds() || c.Ratio <= 0 {
		t.Errorf("%+v", c)
	}
}

func TestMeasureEndsWithAFailedCall(t *testing.T) {
	for want, invoke := range map[string]invoke{
		"no such function": func(int32) (*apiserverpb.InvokeFunctionReply, error) {
			return nil, status.Error(codes.NotFound, "no such function")
		},
		"Timeout: too slow": func(int32) (*apiserverpb.InvokeFunctionReply, error) {
			return &apiserverpb.InvokeFunctionReply{FunctionError: "Timeout", FunctionErrorMessage: "too slow"}, nil
		},
		"all 60 calls were cold": func(int32) (*apiserverpb.InvokeFunctionReply, error) {
			return &apiserverpb.InvokeFunctionReply{ColdStart: true}, nil
		},
	} {
		if _, err := Measure(t.Context(), config(t, invoke)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want one with %q", err, want)
		}
	}
}

func TestMeasureFaults(t *testing.T) {
	for want, cfg := range map[string]Config{
		"must be given":                {},
		"must not be negative":         {APIServer: "x", Function: "f", Rounds: -1},
		"start echo server":            {APIServer: "x", Function: "f", EchoServer: []string{"/nonexistent"}},
		"without telling its address:": {APIServer: "x", Function: "f", EchoServer: []string{"true"}},
	} {
		if _, err := Measure(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want one with %q", err, want)
		}
	}
}
