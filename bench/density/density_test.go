package density

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minifaas/minifaas/internal/function"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// node is a fake whose containers are frozen at once.
type node struct {
	mu     sync.Mutex // guards the fields below
	made   int
	alive  map[string]bool
	create func(n int) error // decides about the nth creation
	answer func(id string) string
}

func (n *node) CreateContainer(context.Context, *nodeservicepb.CreateContainerRequest) (*nodeservicepb.CreateContainerReply, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.made++
	if n.create != nil {
		if err := n.create(n.made); err != nil {
			return nil, err
		}
	}
	id := fmt.Sprint("c", n.made)
	if n.alive == nil {
		n.alive = map[string]bool{}
	}
	n.alive[id] = true
	return &nodeservicepb.CreateContainerReply{ContainerId: id}, nil
}

func (n *node) RemoveContainer(_ context.Context, req *nodeservicepb.RemoveContainerRequest) (*nodeservicepb.RemoveContainerReply, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.alive[req.GetContainerId()] {
		return nil, errors.New("not there")
	}
	delete(n.alive, req.GetContainerId())
	return &nodeservicepb.RemoveContainerReply{}, nil
}

func (n *node) InvokeFunctionUnary(_ context.Context, req *nodeservicepb.InvokeFunctionRequest) (*nodeservicepb.InvokeFunctionReply, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	header := &nodeservicepb.InvokeFunctionReply_Header{}
	if n.answer != nil {
		header.Error = []byte(n.answer(req.GetContainerId()))
	}
	return &nodeservicepb.InvokeFunctionReply{Header: header}, nil
}

func (n *node) GetStats(context.Context, *nodeservicepb.GetStatsRequest) (*nodeservicepb.GetStatsReply, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	reply := &nodeservicepb.GetStatsReply{NodeStats: &nodeservicepb.NodeStats{MemoryUsageInBytes: 7}}
	for id := range n.alive {
		reply.ContainerStatsList = append(reply.ContainerStatsList, &nodeservicepb.ContainerStats{ContainerId: id, State: "frozen"})
	}
	return reply, nil
}

func TestMeasure(t *testing.T) { synctest.Test(t, testMeasure) }

func testMeasure(t *testing.T) {
	n := &node{answer: func(id string) string {
		if id == "c3" {
			return "it fails"
		}
		return ""
	}}
	r, err := Measure(t.Context(), Config{Node: n, Function: "hello", Containers: 5, AtOnce: 1, Rest: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if r.Containers != 5 || r.Frozen != 5 || r.Answered != 4 || r.Failure != "it fails" || r.Charged != 7 || r.Fall == nil || r.Partial {
		t.Errorf("%+v", r)
	}
	if n.made != 6 || len(n.alive) != 0 {
		t.Errorf("%d made, with the first; %d are left", n.made, len(n.alive))
	}
}

// TestInterrupted: the result is partial, and the node is emptied all the same.
func TestInterrupted(t *testing.T) { synctest.Test(t, testInterrupted) }

func testInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	n := &node{create: func(n int) error {
		if n == 4 {
			interrupt()
		}
		return nil
	}}
	r, err := Measure(ctx, Config{Node: n, Function: "hello", Containers: 50, AtOnce: 1})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Partial || r.Containers == 0 || r.Containers == 50 || r.Fall != nil || len(n.alive) != 0 {
		t.Errorf("%+v, and %d containers are left", r, len(n.alive))
	}
}

func TestFailures(t *testing.T) {
	tests := map[string]*node{
		"the first container": {create: func(int) error { return errors.New("no") }},
		"a later one": {create: func(n int) error {
			if n > 3 {
				return errors.New("no more")
			}
			return nil
		}},
		"the function": {answer: func(string) string { return "it fails" }},
	}
	for name, n := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if r, err := Measure(t.Context(), Config{Node: n, Function: "hello", Containers: 5}); err == nil {
					t.Errorf("no error, but %+v", r)
				}
				if len(n.alive) != 0 {
					t.Errorf("%d containers are left", len(n.alive))
				}
			})
		})
	}
}

func TestReadMemory(t *testing.T) {
	m, err := readMemory()
	if err != nil {
		t.Fatal(err)
	}
	for name, bytes := range map[string]int64{
		"available": m.Available, "anonymous": m.Anonymous, "page tables": m.PageTables, "stacks": m.KernelStacks, "objects": m.KernelObjects,
	} {
		if bytes < 1<<16 {
			t.Errorf("%s: %d bytes", name, bytes)
		}
	}
}

func TestWriteModule(t *testing.T) {
	folder := t.TempDir()
	if err := WriteModule(folder); err != nil {
		t.Fatal(err)
	}
	functions, err := function.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	f, err := functions.Find("", "hello-wasm")
	if err != nil || f.Runtime != function.Wasm {
		t.Errorf("%+v, %v", f, err)
	}
	if _, err := os.Stat(filepath.Join(folder, "hello-wasm", "main.wasm")); err != nil {
		t.Error(err)
	}
}
