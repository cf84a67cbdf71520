package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/rpc"
	"github.com/minifaas/minifaas/internal/seccompfilter"
	"github.com/minifaas/minifaas/internal/telemetry"
	"github.com/minifaas/minifaas/internal/wire"
	containerservicepb "github.com/minifaas/minifaas/proto/containerservice"
	containerservicegrpc "github.com/minifaas/minifaas/proto/containerservice/service"
)

type containerserviceCommand struct {
	listenFlags
	Code  string `required:"" type:"existingdir" placeholder:"FOLDER" help:"The function's code: besides the system's, the only files of this host that it can read."`
	Agent string `placeholder:"FILE" help:"The agent; by default the one built into this program."`
}

// Help is printed below the flags.
func (*containerserviceCommand) Help() string {
	return `For a node of your own making, or to try one function: what a node of ours does with
the agent of each container, by gRPC. The container is this process's child, with its
rights less what landlock and seccomp take away; a node also gives it namespaces and
a cgroup.

  minifaas containerservice --code bench/functions/hello-python &
  grpcurl -plaintext -d '{"runtime": "python3", "interpreter": "/usr/bin/python3",
    "handler": "hello.handler", "code_dir": "'$PWD'/bench/functions/hello-python"}' \
    127.0.0.1:10700 containerserviceproto.ContainerService/Load
  grpcurl -plaintext -d '{"request_id": "1", "event": "e30="}' \
    127.0.0.1:10700 containerserviceproto.ContainerService/Invoke`
}

func (c *containerserviceCommand) Run(ctx context.Context, file *config.File, logs *logFlags) error {
	log, err := logs.logger("containerservice")
	if err != nil {
		return err
	}
	if err := check(file, c.validate()); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "minifaas-container-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	a, err := c.start(folder)
	if err != nil {
		return err
	}
	err = serve(ctx, service{
		listen: c.listenFlags, offset: containerservicePort, log: log, registry: telemetry.NewRegistry(),
		register: func(s *rpc.Server) {
			containerservicegrpc.RegisterContainerServiceServer(s, alone{client: wire.NewClient(a.conn)})
		},
		background: a.live,
	})
	return errors.Join(err, a.stop())
}

// alone passes on what it is asked to the agent behind the line.
type alone struct {
	containerservicegrpc.UnsafeContainerServiceServer
	client *wire.Client
}

func (a alone) Prepare(ctx context.Context, req *containerservicepb.PrepareRequest) (*containerservicepb.PrepareReply, error) {
	answer, err := a.pass(ctx, &containerservicepb.Call{Prepare: req})
	return answer.GetPrepare(), err
}

func (a alone) Load(ctx context.Context, req *containerservicepb.LoadRequest) (*containerservicepb.LoadReply, error) {
	answer, err := a.pass(ctx, &containerservicepb.Call{Load: req})
	return answer.GetLoad(), err
}

func (a alone) Invoke(ctx context.Context, req *containerservicepb.InvokeRequest) (*containerservicepb.InvokeReply, error) {
	answer, err := a.pass(ctx, &containerservicepb.Call{Invoke: req})
	return answer.GetInvoke(), err
}

func (a alone) EndInvocation(ctx context.Context, req *containerservicepb.EndInvocationRequest) (*containerservicepb.EndInvocationReply, error) {
	answer, err := a.pass(ctx, &containerservicepb.Call{EndInvocation: req})
	return answer.GetEndInvocation(), err
}

func (a alone) Trim(ctx context.Context, req *containerservicepb.TrimRequest) (*containerservicepb.TrimReply, error) {
	answer, err := a.pass(ctx, &containerservicepb.Call{Trim: req})
	return answer.GetTrim(), err
}

func (a alone) pass(ctx context.Context, call *containerservicepb.Call) (*containerservicepb.Answer, error) {
	encoded, err := proto.Marshal(call)
	if err != nil {
		return nil, err
	}
	said, err := a.client.Pass(ctx, encoded)
	if err != nil {
		return nil, status.Error(codes.Code(wire.CodeOf(err)), err.Error())
	}
	answer := &containerservicepb.Answer{}
	return answer, proto.Unmarshal(said, answer)
}

// lonelyAgent is an agent without a node.
type lonelyAgent struct {
	cmd  *exec.Cmd
	conn net.Conn
	over chan struct{} // closed when it has ended, with how
	how  error
}

func (c *containerserviceCommand) start(folder string) (*lonelyAgent, error) {
	path, err := c.agentPath(folder)
	if err != nil {
		return nil, err
	}
	spec, err := c.spec(folder)
	if err != nil {
		return nil, err
	}
	defer spec.Close()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("make socket pair: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	defer ours.Close()
	defer theirs.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, fmt.Errorf("connect to agent: %w", err)
	}
	a := &lonelyAgent{cmd: exec.Command(path), conn: conn, over: make(chan struct{})}
	a.cmd.Stderr = os.Stderr
	a.cmd.ExtraFiles = []*os.File{spec, theirs}
	a.cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + folder, "LANG=C.UTF-8"}
	a.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C is for us, who end it
	if err := a.cmd.Start(); err != nil {
		conn.Close()
		return nil, fmt.Errorf("start agent: %w", err)
	}
	go func() {
		defer close(a.over)
		a.how = a.cmd.Wait()
	}()
	return a, nil
}

func (c *containerserviceCommand) agentPath(folder string) (string, error) {
	if c.Agent != "" {
		return filepath.Abs(c.Agent)
	}
	return extract("containerservice-full", filepath.Join(folder, "bin"))
}

// spec is a pipe that reads as how the agent shuts itself in.
func (c *containerserviceCommand) spec(folder string) (*os.File, error) {
	code, err := filepath.Abs(c.Code)
	if err != nil {
		return nil, err
	}
	filter, err := seccompfilter.Assemble()
	if err != nil {
		return nil, err
	}
	message := wire.EncodeSpec(&wire.SandboxSpec{
		Isolation: wire.IsolationProcess, Root: folder, Filter: filter, Mounts: []*wire.Mount{{Source: code, Target: code}},
	})
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make pipe: %w", err)
	}
	defer write.Close()
	if _, err := write.Write(message); err != nil { // it is far smaller than a pipe's buffer
		read.Close()
		return nil, fmt.Errorf("write sandbox spec: %w", err)
	}
	return read, nil
}

// live returns when the agent has ended, or ctx.
func (a *lonelyAgent) live(ctx context.Context) error {
	select {
	case <-a.over:
		return errors.Join(errors.New("the agent has ended"), a.how)
	case <-ctx.Done():
		return nil
	}
}

// stop closes the line, which ends the agent, and with it what the function has started.
func (a *lonelyAgent) stop() error {
	a.conn.Close()
	<-a.over
	return a.how
}
