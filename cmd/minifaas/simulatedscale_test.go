package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"testing"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/minifaas/minifaas/internal/rpc"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// TestManySimulatedNodes: hundreds of nodes with thousands of containers fit into
// one process, over real gRPC, and each call takes what the model says.
func TestManySimulatedNodes(t *testing.T) {
	nodes, perNode := 200, 25
	if testing.Short() || raceDetector() {
		nodes = 20
	}
	const (
		goroutinesPerNode = 15 // a listener and both ends of a connection, with its calls
		bytesPerNode      = 384 << 10
		bytesPerContainer = 8 << 10
	)
	manifest := filepath.Join(t.TempDir(), "functions.yaml")
	if err := os.WriteFile(manifest, []byte("functions:\n- {name: work, runtime: simulated, memory: 120MiB}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	flags := sandboxFlags{functionFlags: functionFlags{manifest}, Simulated: true, CreateTime: 50 * time.Millisecond, NodeMemory: defaultNodeMemory, NodeCPU: defaultNodeCPU}
	provided, err := flags.simulatedNodes("127.0.0.1", "", zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	heapBefore, goroutinesBefore := liveHeap(), runtime.NumGoroutine()
	begin := time.Now()
	var group errgroup.Group
	for i := range nodes {
		node, err := provided.Start(fmt.Sprint("n", i))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			node.Kill()
			<-node.Done()
		})
		conn, err := rpc.Dial(rpc.HostPort(node.Address(), int64(node.Port())))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		client := nodeservicepb.NewNodeServiceClient(conn)
		group.Go(func() error { return fillAndCall(t, client, perNode) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d nodes of %d containers after %v", nodes, perNode, time.Since(begin))
	heap, goroutines := liveHeap()-heapBefore, runtime.NumGoroutine()-goroutinesBefore
	t.Logf("%d KiB of heap, %d goroutines", heap>>10, goroutines)
	if most := nodes * (goroutinesPerNode + perNode); goroutines > most {
		t.Errorf("%d goroutines, want at most %d", goroutines, most)
	}
	if most := nodes * (bytesPerNode + perNode*bytesPerContainer); heap > most {
		t.Errorf("%d bytes of heap, want at most %d", heap, most)
	}
}

// raceDetector: it watches over this process, and takes no more than 8,128 goroutines.
func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// fillAndCall makes containers on a node, all at once, and calls one of them.
func fillAndCall(t *testing.T, client nodeservicepb.NodeServiceClient, containers int) error {
	ids := make([]string, containers)
	var group errgroup.Group
	for i := range ids {
		group.Go(func() error {
			reply, err := client.CreateContainer(t.Context(), &nodeservicepb.CreateContainerRequest{
				Name: strconv.Itoa(i), FunctionMeta: &nodeservicepb.FunctionMeta{FunctionName: "work"},
			}, grpc.WaitForReady(true))
			ids[i] = reply.GetContainerId()
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	reply, err := client.InvokeFunctionUnary(t.Context(), &nodeservicepb.InvokeFunctionRequest{ContainerId: ids[0], Event: []byte(`{"sleep_ms":25}`)})
	if err != nil {
		return err
	}
	if got := time.Duration(reply.GetFooter().GetDurationInNanos()); got != 25*time.Millisecond {
		return fmt.Errorf("a call that sleeps for 25 ms took %v", got)
	}
	stats, err := client.GetStats(t.Context(), &nodeservicepb.GetStatsRequest{})
	if err == nil && len(stats.GetContainerStatsList()) != containers {
		err = fmt.Errorf("%d containers, want %d", len(stats.GetContainerStatsList()), containers)
	}
	return err
}

// liveHeap is what is in use after a collection, in bytes.
func liveHeap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc) + int(m.StackInuse)
}
