package overhead

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"

	"google.golang.org/grpc"

	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
)

// EchoServer serves, until ctx ends, the barest of unary gRPC: no interceptor, no option, and an
// InvokeFunction that sends the event back. It speaks the APIServer's contract
// so that both sides of the measurement carry the same messages.
func EchoServer(ctx context.Context, lis net.Listener) error {
	server := grpc.NewServer()
	apiserverpb.RegisterAPIServerServer(server, echoServer{})
	defer context.AfterFunc(ctx, server.Stop)()
	if err := server.Serve(lis); err != nil && ctx.Err() == nil {
		return fmt.Errorf("serve echo: %w", err)
	}
	return nil
}

type echoServer struct {
	apiserverpb.UnimplementedAPIServerServer
}

func (echoServer) InvokeFunction(_ context.Context, r *apiserverpb.InvokeFunctionRequest) (*apiserverpb.InvokeFunctionReply, error) {
	return &apiserverpb.InvokeFunctionReply{RequestId: r.GetRequestId(), Body: r.GetEvent()}, nil
}

// ServeEcho is the process that Measure starts: an EchoServer on loopback that
// writes its address as one line to out and ends when in does, so that it never outlives its parent.
func ServeEcho(ctx context.Context, in io.Reader, out io.Writer) error {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("serve echo: %w", err)
	}
	if _, err := fmt.Fprintln(out, lis.Addr()); err != nil {
		return fmt.Errorf("tell address of echo: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	return EchoServer(ctx, lis)
}

// echoProcess is a running ServeEcho.
type echoProcess struct {
	address string
	stop    func()
}

func startEcho(ctx context.Context, command []string) (*echoProcess, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start echo server: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start echo server: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start echo server: %w", err)
	}
	stop := func() {
		in.Close() // which ends it
		_ = cmd.Wait()
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return nil, fmt.Errorf("start echo server: it ended without telling its address: %s", strings.Join(command, " "))
	}
	return &echoProcess{address: strings.TrimSpace(line), stop: stop}, nil
}
