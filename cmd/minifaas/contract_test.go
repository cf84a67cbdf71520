package main

import (
	"context"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/rpc"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// These tests hold the twelve behaviours that docs/contract.md lists, over real
// gRPC, on real nodes and on simulated ones. The platform's scheduler is not
// ours: a foreign one, such as the contest knew, stands in its place. Behaviour 12
// is TestOldClient and TestOldScheduler.

// onEachKind runs a test on real nodes and on simulated ones.
func onEachKind(t *testing.T, test func(t *testing.T, simulated bool)) {
	t.Run("real", func(t *testing.T) { test(t, false) })
	t.Run("simulated", func(t *testing.T) { test(t, true) })
}

// foreign is a scheduler that knows nothing of our additions. It has one node
// and makes a container for each call, unless acquire is set.
type foreign struct {
	schedulerpb.UnimplementedSchedulerServer
	t         *testing.T
	rm        resourcemanagerpb.ResourceManagerClient
	acquire   func(context.Context, *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error)
	returnErr error

	mu       sync.Mutex // guards what follows
	node     *resourcemanagerpb.NodeDesc
	client   nodeservicepb.NodeServiceClient
	acquired []*schedulerpb.AcquireContainerRequest
	returned []*schedulerpb.ReturnContainerRequest
}

// startForeign brings up a platform with a foreign scheduler.
func startForeign(t *testing.T, manifest string, simulated bool) (*platform, *foreign) {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &foreign{t: t}
	server := grpc.NewServer()
	schedulerpb.RegisterSchedulerServer(server, f)
	go server.Serve(lis)
	t.Cleanup(server.Stop)
	p := startTest(t, manifest, func(cfg *platformConfig) {
		cfg.schedulerEndpoint = lis.Addr().String()
		if simulated {
			cfg.sandbox.Simulated, cfg.sandbox.CreateTime = true, 50*time.Millisecond
		}
	})
	f.rm = resourcemanagerpb.NewResourceManagerClient(connect(t, p, resourceManagerPort))
	return p, f
}

// reserved returns the foreign scheduler's node, reserved at its first use.
func (f *foreign) reserved() (*resourcemanagerpb.NodeDesc, nodeservicepb.NodeServiceClient) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.node == nil {
		reply, err := f.rm.ReserveNode(context.Background(), &resourcemanagerpb.ReserveNodeRequest{})
		if err != nil {
			f.t.Errorf("reserve node: %v", err)
			return nil, nil
		}
		conn, err := rpc.Dial(rpc.HostPort(reply.GetNode().GetAddress(), reply.GetNode().GetNodeServicePort()))
		if err != nil {
			f.t.Errorf("dial node: %v", err)
			return nil, nil
		}
		f.t.Cleanup(func() { conn.Close() })
		f.node, f.client = reply.GetNode(), nodeservicepb.NewNodeServiceClient(conn)
	}
	return f.node, f.client
}

// create makes a container as a foreign scheduler does: a name and sizes, no epoch.
func (f *foreign) create(function string, memory int64) (string, error) {
	_, client := f.reserved()
	reply, err := client.CreateContainer(context.Background(), &nodeservicepb.CreateContainerRequest{
		FunctionMeta: &nodeservicepb.FunctionMeta{FunctionName: function, MemoryInBytes: memory},
	})
	return reply.GetContainerId(), err
}

// must is create for a test that needs the container.
func (f *foreign) must(function string, memory int64) string {
	f.t.Helper()
	id, err := f.create(function, memory)
	if err != nil {
		f.t.Fatalf("create container: %v", err)
	}
	return id
}

func (f *foreign) AcquireContainer(ctx context.Context, req *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
	f.mu.Lock()
	f.acquired = append(f.acquired, req)
	f.mu.Unlock()
	if f.acquire != nil {
		return f.acquire(ctx, req)
	}
	id, err := f.create(req.GetFunctionName(), req.GetFunctionConfig().GetMemoryInBytes())
	if err != nil {
		return nil, err
	}
	node, _ := f.reserved()
	return &schedulerpb.AcquireContainerReply{NodeId: node.GetId(), NodeAddress: node.GetAddress(), NodeServicePort: node.GetNodeServicePort(), ContainerId: id}, nil
}

func (f *foreign) ReturnContainer(_ context.Context, req *schedulerpb.ReturnContainerRequest) (*schedulerpb.ReturnContainerReply, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.returned = append(f.returned, req)
	return &schedulerpb.ReturnContainerReply{}, f.returnErr
}

// awaitReturns waits for n returns: they come beside the answer, not before it.
func (f *foreign) awaitReturns(n int) []*schedulerpb.ReturnContainerRequest {
	f.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		f.mu.Lock()
		returned := slices.Clone(f.returned)
		f.mu.Unlock()
		if len(returned) >= n {
			return returned
		}
	}
	f.t.Fatalf("no %d returns", n)
	return nil
}

// call runs one invocation on a node and gathers its stream.
func (f *foreign) call(ctx context.Context, container, event string) (header *nodeservicepb.InvokeFunctionReply_Header, body string, footer *nodeservicepb.InvokeFunctionReply_Footer, err error) {
	_, client := f.reserved()
	stream, err := client.InvokeFunction(ctx, &nodeservicepb.InvokeFunctionRequest{ContainerId: container, Event: []byte(event), FunctionMeta: &nodeservicepb.FunctionMeta{}})
	if err != nil {
		return nil, "", nil, err
	}
	for {
		part, err := stream.Recv()
		if err != nil {
			if footer != nil {
				err = nil
			}
			return header, body, footer, err
		}
		if part.GetHeader() != nil {
			header = part.GetHeader()
		}
		body += string(part.GetBody())
		if part.GetFooter() != nil {
			footer = part.GetFooter()
		}
	}
}

func TestContractReserveNode(t *testing.T) { onEachKind(t, testContractReserveNode) }

func testContractReserveNode(t *testing.T, simulated bool) {
	_, f := startForeign(t, "", simulated)
	before := time.Now().UnixMilli()
	first, err := f.rm.ReserveNode(t.Context(), &resourcemanagerpb.ReserveNodeRequest{}) // 2: empty ids will do
	if err != nil {
		t.Fatal(err)
	}
	if got := first.GetNode().GetMemoryInBytes(); got != 3072<<20 { // 6
		t.Errorf("a node offers %d bytes, want 3072 MiB", got)
	}
	// 1: at once, when none is left. A call that blocked would meet its deadline.
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := f.rm.ReserveNode(ctx, &resourcemanagerpb.ReserveNodeRequest{RequestId: "r", AccountId: "a"}); status.Code(err) != codes.ResourceExhausted || !strings.Contains(err.Error(), "no available node") {
		t.Errorf("second reservation of one node: %v, want RESOURCE_EXHAUSTED", err)
	}
	// 11: node time runs from reserve to release.
	id := first.GetNode().GetId()
	usage := func() *resourcemanagerpb.NodeDesc {
		reply, err := f.rm.GetNodesUsage(t.Context(), &resourcemanagerpb.GetNodesUsageRequest{})
		if err != nil || len(reply.GetNodes()) != 1 || reply.GetNodes()[0].GetId() != id {
			t.Fatalf("usage is %v, %v, want one reservation %s", reply.GetNodes(), err, id)
		}
		return reply.GetNodes()[0]
	}
	running := usage()
	if running.GetReservedTimeTimestampMs() < before || running.GetReservedTimeTimestampMs() > time.Now().UnixMilli() || running.GetReleasedTimeTimestampMs() != 0 {
		t.Errorf("while lent: %v", running)
	}
	for range 2 { // twice is OK
		if _, err := f.rm.ReleaseNode(t.Context(), &resourcemanagerpb.ReleaseNodeRequest{Id: id}); err != nil {
			t.Fatal(err)
		}
	}
	if over := usage(); over.GetReleasedTimeTimestampMs() < over.GetReservedTimeTimestampMs() || over.GetReservedTimeTimestampMs() != running.GetReservedTimeTimestampMs() {
		t.Errorf("after release: %v, lent as %v", over, running)
	}
	if _, err := f.rm.ReleaseNode(t.Context(), &resourcemanagerpb.ReleaseNodeRequest{Id: "nobody"}); status.Code(err) != codes.NotFound {
		t.Errorf("release of an unknown node: %v, want NOT_FOUND", err)
	}
}

func TestContractReturnContainer(t *testing.T) { onEachKind(t, testContractReturnContainer) }

func testContractReturnContainer(t *testing.T, simulated bool) {
	p, f := startForeign(t, "- {name: broken, runtime: native, handler: nothing, code: load-native}\n", simulated)
	f.returnErr = status.Error(codes.Internal, "the scheduler is confused") // 10: it must not matter
	c := newCaller(t, p)
	c.must("hello", `{"name":"x"}`)
	// An event that is no JSON, and a function without its executable. A model runs
	// no code; what fails there has no memory.
	failing := map[string]string{"hello": `no JSON`, "broken": `{}`}
	if simulated {
		failing = map[string]string{"hello": `{"touch_mb":4096}`, "broken": `{"touch_mb":200}`}
	}
	for function, event := range failing {
		if reply := c.must(function, event); reply.GetFunctionError() == "" {
			t.Errorf("%s %s is no error", function, event)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	c.invoke(ctx, "load-native", `{"sleep_ms":60000}`)
	for _, r := range f.awaitReturns(4) { // 3
		if r.GetMaxMemoryUsageInBytes() <= 0 || r.GetRequestId() == "" || r.GetContainerId() == "" {
			t.Errorf("incomplete return %v", r)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.acquired { // 3
		if a.GetFunctionConfig().GetMemoryInBytes() <= 0 || a.GetFunctionConfig().GetTimeoutInMs() <= 0 {
			t.Errorf("incomplete acquire %v", a)
		}
	}
}

func TestContractAcquireMayBlock(t *testing.T) { onEachKind(t, testContractAcquireMayBlock) }

func testContractAcquireMayBlock(t *testing.T, simulated bool) {
	p, f := startForeign(t, "", simulated)
	granted := make(chan time.Duration, 1)
	f.acquire = func(ctx context.Context, _ *schedulerpb.AcquireContainerRequest) (*schedulerpb.AcquireContainerReply, error) {
		deadline, ok := ctx.Deadline()
		if !ok {
			deadline = time.Now().Add(time.Hour)
		}
		select {
		case granted <- time.Until(deadline):
		default: // asked again, as when a connection was lost
		}
		return nil, status.Error(codes.ResourceExhausted, "no")
	}
	if _, err := newCaller(t, p).invoke(t.Context(), "hello", "{}"); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("refused: %v, want RESOURCE_EXHAUSTED", err)
	}
	if got := <-granted; got < 60*time.Second { // 9
		t.Errorf("the scheduler has %v to answer, want 60 s", got)
	}
}

func TestContractNode(t *testing.T) { onEachKind(t, testContractNode) }

func testContractNode(t *testing.T, simulated bool) {
	_, f := startForeign(t, "", simulated)
	node, client := f.reserved()
	if node == nil {
		t.FailNow()
	}
	t.Run("stats are set and cheap", func(t *testing.T) { // 4
		for range 100 {
			stats, err := client.GetStats(t.Context(), &nodeservicepb.GetStatsRequest{})
			if err != nil {
				t.Fatal(err)
			}
			s := stats.GetNodeStats()
			if s == nil || s.GetTotalMemoryInBytes() != 4<<30 || s.GetAvailableMemoryInBytes() <= 0 || s.GetAvailableMemoryInBytes() > 4<<30 || stats.GetLiveId() == "" {
				t.Fatalf("stats are %v", stats)
			}
		}
	})
	t.Run("memory is free", func(t *testing.T) { // 5
		var total int64
		for _, memory := range []int64{64 << 20, 512 << 20, 4 << 30} {
			id := f.must("hello", memory)
			stats, err := client.GetStats(t.Context(), &nodeservicepb.GetStatsRequest{})
			if err != nil {
				t.Fatal(err)
			}
			at := slices.IndexFunc(stats.GetContainerStatsList(), func(c *nodeservicepb.ContainerStats) bool { return c.GetContainerId() == id })
			if at < 0 || stats.GetContainerStatsList()[at].GetTotalMemoryInBytes() != memory {
				t.Errorf("a container of %d bytes is not among %v", memory, stats.GetContainerStatsList())
			}
			total += memory
		}
		if total <= 4<<30 {
			t.Error("the sum does not exceed the node")
		}
	})
	t.Run("many invocations of one function", func(t *testing.T) { // 7
		id := f.must("load-native", 512<<20)
		// Each waits until all run: they would never end one after the other.
		const calls = 20
		var running sync.WaitGroup
		begin := time.Now()
		for range calls {
			running.Go(func() {
				if _, _, footer, err := f.call(t.Context(), id, `{"sleep_ms":1000}`); err != nil || footer.GetError() != "" {
					t.Errorf("call: %v %v", err, footer)
				}
			})
		}
		running.Wait()
		if took := time.Since(begin); took > calls*time.Second/2 {
			t.Errorf("%d calls of 1 s took %v: they did not run at once", calls, took)
		}
	})
	t.Run("a busy container can be removed", func(t *testing.T) { // 8
		id := f.must("load-native", 128<<20)
		ended := make(chan error, 1)
		go func() {
			_, _, _, err := f.call(t.Context(), id, `{"sleep_ms":60000}`)
			ended <- err
		}()
		f.awaitInFlight(id, 1)
		if _, err := client.RemoveContainer(t.Context(), &nodeservicepb.RemoveContainerRequest{ContainerId: id}); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; status.Code(err) != codes.Aborted {
			t.Errorf("the call in it: %v, want ABORTED", err)
		}
		if _, err := client.RemoveContainer(t.Context(), &nodeservicepb.RemoveContainerRequest{ContainerId: id}); status.Code(err) != codes.NotFound {
			t.Errorf("removed again: %v, want NOT_FOUND", err)
		}
		if _, _, _, err := f.call(t.Context(), id, "{}"); status.Code(err) != codes.NotFound {
			t.Errorf("call of a removed container: %v, want NOT_FOUND", err)
		}
	})
	t.Run("names are unique", func(t *testing.T) { // 8
		create := func() error {
			_, err := client.CreateContainer(t.Context(), &nodeservicepb.CreateContainerRequest{Name: "once", FunctionMeta: &nodeservicepb.FunctionMeta{FunctionName: "hello"}})
			return err
		}
		if err := create(); err != nil {
			t.Fatal(err)
		}
		if err := create(); status.Code(err) != codes.AlreadyExists {
			t.Errorf("second container of a name: %v, want ALREADY_EXISTS", err)
		}
	})
	t.Run("limits follow the container's memory", func(t *testing.T) { // 5, 6
		if !simulated && !limitsHold() {
			t.Skip("no writable cgroups here: limits are not enforced")
		}
		id := f.must("load-native", 96<<20)
		if _, _, footer, err := f.call(t.Context(), id, `{"touch_mb":200}`); err != nil || footer.GetError() != "OutOfMemory" {
			t.Errorf("200 MiB in a container of 96: %v, %v, want OutOfMemory", footer, err)
		}
		// 0.67 cores a GiB: 1 s of CPU takes 6 s in 256 MiB, 1.5 s in 1 GiB.
		small, large := f.must("load-native", 256<<20), f.must("load-native", 1<<30)
		work, least := `{"cpu_ms":1000}`, 4*time.Second
		if simulated {
			work, least = `{"cpu_ms":100}`, 597*time.Millisecond
		}
		_, _, slow, err := f.call(t.Context(), small, work)
		if err != nil || slow.GetError() != "" {
			t.Fatalf("call: %v %v", err, slow)
		}
		if got := time.Duration(slow.GetDurationInNanos()); got < least {
			t.Errorf("%s in 256 MiB took %v, want at least %v", work, got, least)
		}
		_, _, fast, err := f.call(t.Context(), large, work)
		if err != nil || fast.GetDurationInNanos() >= slow.GetDurationInNanos() {
			t.Errorf("%s in 1 GiB took %v, in 256 MiB %v (%v)", work, time.Duration(fast.GetDurationInNanos()), time.Duration(slow.GetDurationInNanos()), err)
		}
	})
	t.Run("a released node is empty and has a new live id", func(t *testing.T) {
		before, err := client.GetStats(t.Context(), &nodeservicepb.GetStatsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.rm.ReleaseNode(t.Context(), &resourcemanagerpb.ReleaseNodeRequest{Id: node.GetId()}); err != nil {
			t.Fatal(err)
		}
		after, err := client.GetStats(t.Context(), &nodeservicepb.GetStatsRequest{})
		if err != nil || len(after.GetContainerStatsList()) != 0 || after.GetLiveId() == before.GetLiveId() {
			t.Errorf("after release: %v, %v; live id before %s", after, err, before.GetLiveId())
		}
	})
}

// awaitInFlight waits until n invocations run in a container.
func (f *foreign) awaitInFlight(container string, n int32) {
	f.t.Helper()
	_, client := f.reserved()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		stats, err := client.GetStats(f.t.Context(), &nodeservicepb.GetStatsRequest{})
		if err != nil {
			f.t.Fatal(err)
		}
		for _, c := range stats.GetContainerStatsList() {
			if c.GetContainerId() == container && c.GetInFlight() == n {
				return
			}
		}
	}
	f.t.Fatalf("no %d invocations in %s", n, container)
}

// limitsHold says whether containers have cgroups here.
func limitsHold() bool {
	return os.Geteuid() == 0
}
