package cold

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// TestMain lets the test binary be a resident program, too.
func TestMain(m *testing.M) {
	if os.Getenv("MINIFAAS_FD") == "3" {
		answerAsResident(os.NewFile(3, "agent"))
		return
	}
	os.Exit(m.Run())
}

// answerAsResident says that it is ready, and answers each call with its event.
func answerAsResident(agent *os.File) {
	frame := func(kind byte, payload []byte) {
		f := append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))), kind)
		_, _ = agent.Write(append(append(f, make([]byte, 8)...), payload...))
	}
	frame(frameReady, nil)
	var header [frameHeader]byte
	for {
		if _, err := io.ReadFull(agent, header[:]); err != nil {
			return
		}
		payload := make([]byte, binary.BigEndian.Uint32(header[:4]))
		if _, err := io.ReadFull(agent, payload); err != nil {
			return
		}
		frame(frameResult, payload)
	}
}

// fakeNode is a node whose containers answer with their function's name.
type fakeNode struct {
	nodeservicepb.NodeServiceClient
	phases *nodeservicepb.CreationPhases
	// fail says which creations fail; nil is none.
	fail func(made int) error
	// turns are as many as containers can be started at once; nil is no limit. Each
	// start takes takes.
	turns chan struct{}
	takes time.Duration
	// epoch is what commands must come with.
	epoch int64

	mu        sync.Mutex // guards what follows
	made      int
	alive     map[string]string // functions by container
	functions map[string]int    // containers made, by function
}

func (n *fakeNode) CreateContainer(ctx context.Context, req *nodeservicepb.CreateContainerRequest, _ ...grpc.CallOption) (*nodeservicepb.CreateContainerReply, error) {
	if n.turns != nil {
		n.turns <- struct{}{}
		time.Sleep(n.takes) // of a bubble's time
		<-n.turns
	}
	if err := ctx.Err(); err != nil {
		return nil, err // a node leaves nothing of what nobody waits for
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.made++
	if n.fail != nil {
		if err := n.fail(n.made); err != nil {
			return nil, err
		}
	}
	if n.alive == nil {
		n.alive, n.functions = map[string]string{}, map[string]int{}
	}
	id, function := fmt.Sprint("c", n.made), req.GetFunctionMeta().GetFunctionName()
	n.alive[id] = function
	n.functions[function]++
	return &nodeservicepb.CreateContainerReply{ContainerId: id, Phases: n.phases}, nil
}

func (n *fakeNode) InvokeFunctionUnary(_ context.Context, req *nodeservicepb.InvokeFunctionRequest, _ ...grpc.CallOption) (*nodeservicepb.InvokeFunctionReply, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return &nodeservicepb.InvokeFunctionReply{Body: []byte(n.alive[req.GetContainerId()])}, nil
}

func (n *fakeNode) RemoveContainer(_ context.Context, req *nodeservicepb.RemoveContainerRequest, _ ...grpc.CallOption) (*nodeservicepb.RemoveContainerReply, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if req.GetEpoch() != n.epoch {
		return nil, status.Errorf(codes.PermissionDenied, "epoch %d", req.GetEpoch())
	}
	if _, ok := n.alive[req.GetContainerId()]; !ok {
		return nil, status.Error(codes.NotFound, "no such container")
	}
	delete(n.alive, req.GetContainerId())
	return &nodeservicepb.RemoveContainerReply{}, nil
}

func (n *fakeNode) GetStats(ctx context.Context, _ *nodeservicepb.GetStatsRequest, _ ...grpc.CallOption) (*nodeservicepb.GetStatsReply, error) {
	return &nodeservicepb.GetStatsReply{Epoch: n.epoch, ReadySandboxes: map[string]int32{"plain": 2, "nodejs": 1}}, ctx.Err()
}

// wantEmpty reports containers that are left.
func (n *fakeNode) wantEmpty(t *testing.T) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.alive) > 0 {
		t.Errorf("containers are left: %v", n.alive)
	}
}

// bare is a subject's bare start that takes no time.
func bare(context.Context) (func() error, error) { return func() error { return nil }, nil }

var errBroken = errors.New("broken")
