package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/rpc"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
)

// answering is an APIServer with one answer.
type answering struct {
	apiserverpb.UnimplementedAPIServerServer
	body []byte
	err  error
}

func (a answering) InvokeFunction(context.Context, *apiserverpb.InvokeFunctionRequest) (*apiserverpb.InvokeFunctionReply, error) {
	return &apiserverpb.InvokeFunctionReply{Body: a.body}, a.err
}

// startAnswering returns where it listens.
func startAnswering(t *testing.T, a answering) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	apiserverpb.RegisterAPIServerServer(server, a)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

// runCommand runs minifaas with the arguments.
func runCommand(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs strings.Builder
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// TestResultIsWhatTheFunctionMade: a picture in a file has no line's end that it did not have.
func TestResultIsWhatTheFunctionMade(t *testing.T) {
	const picture = "\xff\xd8\x00 no line"
	endpoint := startAnswering(t, answering{body: []byte(picture)})
	if out, errs, err := runCommand(t, "invoke", "f", "--endpoint", endpoint); out != picture {
		t.Errorf("got %q, %v %s; want %q", out, err, errs, picture)
	}
	out, errs, err := runCommand(t, "invoke", "f", "-o", "json", "--endpoint", endpoint)
	var got struct {
		Body       string `json:"body"`
		BodyBase64 []byte `json:"body_base64"`
	}
	if err := errors.Join(err, json.Unmarshal([]byte(out), &got)); err != nil || got.Body != "" || string(got.BodyBase64) != picture {
		t.Errorf("as JSON: %+v, %v %s", got, err, errs)
	}
}

// TestResultThatIsLost: no command claims to have said what a full disk did not take.
func TestResultThatIsLost(t *testing.T) {
	endpoint := startAnswering(t, answering{body: []byte("a picture")})
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	for _, args := range []string{"invoke f --endpoint " + endpoint, "invoke f -o json --endpoint " + endpoint, "version", "policies", "policies adaptive"} {
		var errs strings.Builder
		cmd := exec.CommandContext(t.Context(), os.Args[0], strings.Fields(args)...)
		cmd.Stdout, cmd.Stderr = full, &errs
		if err := cmd.Run(); err == nil || !strings.Contains(errs.String(), "no space left on device") {
			t.Errorf("%s: %v, %s", args, err, &errs)
		}
	}
}

// TestWhoGaveNoAnswer: an APIServer that says what is unavailable is up.
func TestWhoGaveNoAnswer(t *testing.T) {
	endpoint := startAnswering(t, answering{err: status.Error(codes.Unavailable, "create container: no space left on device")})
	_, errs, err := runCommand(t, "invoke", "f", "--endpoint", endpoint)
	if want := "minifaas: Unavailable: create container: no space left on device\n"; err == nil || errs != want {
		t.Errorf("of one that answers: %v, %q; want %q", err, errs, want)
	}
	_, errs, err = runCommand(t, "invoke", "f", "--endpoint", "127.0.0.1:1")
	if err == nil || !strings.Contains(errs, "no answer from 127.0.0.1:1") || !strings.Contains(errs, "is minifaas up running there?") {
		t.Errorf("of one that is not there: %v, %s", err, errs)
	}
}

// TestOtherServiceThanWanted: who answers at the endpoint is said, if that can be told.
func TestOtherServiceThanWanted(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := rpc.NewServer(rpc.ServerConfig{Log: zap.NewNop()})
	apiserverpb.RegisterAPIServerServer(server, answering{})
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, listener) }()
	t.Cleanup(func() { stop(); <-served })
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	silent := startAnswering(t, answering{}) // it has no reflection
	for _, c := range []struct{ args, want string }{
		{"status --endpoint " + listener.Addr().String(), " is the APIServer, and this command talks to the Scheduler: "},
		{"why --endpoint " + listener.Addr().String(), " is the APIServer, and this command talks to the Scheduler: "},
		{"functions --endpoint " + listener.Addr().String(), "Unimplemented: method ListFunctions not implemented"},
		{"status --endpoint " + web.Listener.Addr().String(), " is a server of HTTP, such as that of metrics"},
		{"status --endpoint " + silent, "Unimplemented: unknown service schedulerproto.Scheduler"},
	} {
		if _, errs, err := runCommand(t, strings.Fields(c.args)...); err == nil || !strings.Contains(errs, c.want) {
			t.Errorf("%s: %v, %s: want %q", c.args, err, errs, c.want)
		}
	}
}

func TestClientFaults(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, make([]byte, rpc.MaxEvent+1), 0o644); err != nil {
		t.Fatal(err)
	}
	nameless := filepath.Join(t.TempDir(), "nameless.csv")
	if err := os.WriteFile(nameless, []byte("offset_ms,function,duration_ms,memory_mb\n0,ünï,1,16\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, want string }{
		{"replay --workload " + nameless + " --declare " + t.TempDir(), `have a name that the platform does not take ("ünï")`},
		{"invoke f @" + large, "it has more than 6MiB, which is the limit"},
		{"invoke f @" + large + ".not", "no such file"},
		{"functions --timeout 0s", "--timeout 0s: want more than 0"},
		{"status --port-base 99999", "--port-base 99999: want 1 to 64635"},
	} {
		if _, errs, err := runCommand(t, strings.Fields(c.args)...); err == nil || !strings.Contains(errs, c.want) {
			t.Errorf("%s: %v, %s: want %q", c.args, err, errs, c.want)
		}
	}
}

func TestHelpAndVersionAsOthersHaveThem(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"help", "Call and look"},
		{"help bench contest", "Usage: minifaas bench contest"},
		{"--version", "minifaas "},
	} {
		if out, errs, err := runCommand(t, strings.Fields(c.args)...); err != nil || !strings.Contains(out, c.want) {
			t.Errorf("%s: %v, %s%s: want %q", c.args, err, out, errs, c.want)
		}
	}
}
