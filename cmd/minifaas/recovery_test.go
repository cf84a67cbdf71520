package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// slowest bounds what should take a second or less: machines are slow at times.
const slowest = 20 * time.Second

// TestControlPlaneDies: a call that runs does not notice, one that comes
// meanwhile waits, and containers that live are used again.
func TestControlPlaneDies(t *testing.T) {
	p := startTest(t, "", nil)
	c := newCaller(t, p)
	for _, service := range []string{"scheduler", "resourcemanager"} {
		t.Run(service, func(t *testing.T) {
			c := caller{t, c.client}
			c.must("hello", "{}")
			running := c.start("load-native", `{"sleep_ms":3000}`)
			p.await(t, "the running call", inFlight("load-native"))
			p.killService(t, service)
			if reply := c.must("hello", "{}"); reply.GetColdStart() || reply.GetFunctionError() != "" {
				t.Errorf("hello after the death: cold start %v, error %q; want the warm container", reply.GetColdStart(), reply.GetFunctionError())
			}
			if got := running(); got.err != nil || !strings.Contains(string(got.reply.GetBody()), "slept_ms") {
				t.Errorf("the running call: %v %s", got.err, got.reply.GetBody())
			}
			p.await(t, "no lease", func(s *schedulerpb.GetStatusReply) bool { return s.GetCounters().GetLeasesActive() == 0 })
		})
	}
}

// TestAPIServerDies: its calls fail, what they run is ended, and their leases
// end long before the function's timeout of a minute.
func TestAPIServerDies(t *testing.T) {
	p := startTest(t, "", nil)
	c := newCaller(t, p)
	c.must("load-native", "{}")
	running := c.start("load-native", `{"sleep_ms":60000}`)
	p.await(t, "the running call", inFlight("load-native"))
	node := p.nodeBehind(t, p.mustStatus(t).GetNodes()[0]).client(t)
	p.killService(t, "apiserver")
	if got := running(); status.Code(got.err) != codes.Unavailable {
		t.Errorf("the running call: %v, want UNAVAILABLE", got.err)
	}
	eventually(t, "the end of the invocation", func() bool {
		stats, err := node.GetStats(t.Context(), &nodeservicepb.GetStatsRequest{})
		return err == nil && callsOf(stats) == 0
	})
	if reply, err := c.client.InvokeFunction(t.Context(), &apiserverpb.InvokeFunctionRequest{FunctionName: "hello", Event: []byte("{}")}, grpc.WaitForReady(true)); err != nil || reply.GetFunctionError() != "" {
		t.Errorf("a later call: %v %s", err, reply.GetFunctionErrorMessage())
	}
	p.await(t, "the end of the orphaned lease", func(s *schedulerpb.GetStatusReply) bool { return s.GetCounters().GetLeasesActive() == 0 })
}

// TestNodeDies: its calls end as lost, the scheduler hears of it, and another
// node serves the next.
func TestNodeDies(t *testing.T) {
	p := startTest(t, "", func(cfg *platformConfig) { cfg.pool = poolFlags{Nodes: 2, MaxNodes: 2} })
	c := newCaller(t, p)
	c.must("load-native", "{}")
	running := c.start("load-native", `{"sleep_ms":30000}`)
	p.await(t, "the running call", inFlight("load-native"))
	before := p.mustStatus(t).GetNodes()[0]
	killed := time.Now()
	kill(t, p.nodeBehind(t, before).pid)
	p.await(t, "the loss", func(s *schedulerpb.GetStatusReply) bool { return s.GetCounters().GetNodesLost() == 1 })
	t.Logf("node loss noticed after %v", time.Since(killed))
	if got := running(); status.Code(got.err) != codes.Aborted {
		t.Errorf("the running call: %v, want ABORTED", got.err)
	}
	begun := time.Now()
	c.must("load-native", "{}")
	t.Logf("next call answered after %v", time.Since(begun))
	after := p.mustStatus(t)
	if len(after.GetNodes()) != 1 || after.GetNodes()[0].GetNodeId() == before.GetNodeId() {
		t.Errorf("nodes after the loss: %v", after.GetNodes())
	}
	eventually(t, "a new node in the pool", func() bool { return len(nodeProcesses(p.cfg.sandbox.StateDir)) == 2 })
}

// TestContainerDies: a call in it ends as lost; without one its death is
// noticed all the same. The memory is given back.
func TestContainerDies(t *testing.T) {
	p := startTest(t, "", nil)
	c := newCaller(t, p)
	empty := func(s *schedulerpb.GetStatusReply) bool {
		return len(s.GetNodes()) == 0 || s.GetNodes()[0].GetReservedInBytes() == 0
	}
	c.must("load-native", "{}")
	running := c.start("load-native", `{"sleep_ms":30000}`)
	p.await(t, "the running call", inFlight("load-native"))
	p.killOnlyAgent(t)
	if got := running(); status.Code(got.err) != codes.Aborted {
		t.Errorf("the running call: %v, want ABORTED", got.err)
	}
	p.await(t, "the memory of a busy container", empty)

	if reply := c.must("load-native", "{}"); !reply.GetColdStart() {
		t.Error("a warm start in a dead container")
	}
	killed := time.Now()
	p.killOnlyAgent(t)
	p.await(t, "the memory of an idle container", empty)
	t.Logf("death of an idle container noticed after %v", time.Since(killed))
	c.must("load-native", "{}")
}

// TestYoungerSchedulerFencesTheOlder: whoever comes last has the nodes.
func TestYoungerSchedulerFencesTheOlder(t *testing.T) {
	said := &recorder{}
	p := startTest(t, "", func(cfg *platformConfig) {
		said.to = cfg.output
		cfg.output = said
	})
	c := newCaller(t, p)
	c.must("hello", "{}")
	first := p.mustStatus(t).GetEpoch()

	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(lis.Addr().String())
	lis.Close()
	second := exec.CommandContext(t.Context(), os.Args[0], "scheduler", "--port="+port,
		"--resource-manager-endpoint="+p.endpoint(resourceManagerPort))
	output := &recorder{to: testOutput{t}}
	second.Stderr = output
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	const fenced = "a younger scheduler has taken over"
	eventually(t, "the end of the older scheduler", func() bool { return strings.Contains(said.String(), fenced) })
	// The platform's supervisor starts it again, as the youngest: now the other ends.
	if err := second.Wait(); err == nil || !strings.Contains(output.String(), fenced) {
		t.Errorf("the second scheduler ended with %v and said %s", err, output)
	}
	p.await(t, "a new epoch", func(s *schedulerpb.GetStatusReply) bool { return s.GetEpoch() > first })
	_, err = p.nodeBehind(t, p.mustStatus(t).GetNodes()[0]).client(t).CreateContainer(t.Context(), &nodeservicepb.CreateContainerRequest{
		Epoch: first, FunctionMeta: &nodeservicepb.FunctionMeta{FunctionName: "hello"},
	})
	if status.Code(err) != codes.PermissionDenied {
		t.Errorf("a command of the older epoch: %v, want PERMISSION_DENIED", err)
	}
	if reply := c.must("hello", "{}"); reply.GetColdStart() {
		t.Error("a cold start: the container was not adopted")
	}
}

// answered is what became of a call.
type answered struct {
	reply *apiserverpb.InvokeFunctionReply
	err   error
}

// start begins a call; the function returned waits for its end.
func (c caller) start(function, event string) func() answered {
	done := make(chan answered, 1)
	go func() {
		reply, err := c.invoke(context.WithoutCancel(c.t.Context()), function, event)
		done <- answered{reply, err}
	}()
	return func() answered { return <-done }
}

func inFlight(function string) func(*schedulerpb.GetStatusReply) bool {
	return func(s *schedulerpb.GetStatusReply) bool {
		for _, f := range s.GetFunctions() {
			if strings.Contains(f.GetFunctionName(), "/"+function+"@") && f.GetInFlight() > 0 {
				return true
			}
		}
		return false
	}
}

// killService kills a service and waits until its supervisor has brought it back.
func (p *platform) killService(t *testing.T, name string) {
	t.Helper()
	pid, killed := p.service(name), time.Now()
	kill(t, pid)
	eventually(t, name+" to be started again", func() bool { now := p.service(name); return now != 0 && now != pid })
	started := time.Since(killed)
	eventually(t, name+" to serve", func() bool { return p.healthy() == nil })
	t.Logf("%s: started again after %v, serves after %v", name, started, time.Since(killed))
}

// killOnlyAgent kills the first process of the only sandbox there is.
func (p *platform) killOnlyAgent(t *testing.T) {
	t.Helper()
	found := agents(p.cfg.sandbox.StateDir)
	if len(found) != 1 {
		t.Fatalf("agents %v, want one", found)
	}
	kill(t, found[0])
}

// nodeBehind finds the process of a reserved node.
func (p *platform) nodeBehind(t *testing.T, node *schedulerpb.NodeStatus) nodeProcess {
	t.Helper()
	for _, n := range nodeProcesses(p.cfg.sandbox.StateDir) {
		if n.port == strconv.FormatInt(node.GetPort(), 10) {
			return n
		}
	}
	t.Fatalf("no process of node %s", node.GetNodeId())
	return nodeProcess{}
}

// callsOf counts the invocations that run on a node.
func callsOf(stats *nodeservicepb.GetStatsReply) (calls int) {
	for _, c := range stats.GetContainerStatsList() {
		calls += int(c.GetInFlight())
	}
	return calls
}

// eventually polls until done, or fails the test.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(slowest); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain for %s", slowest, what)
		}
	}
}

// recorder remembers what is written through it.
type recorder struct {
	to interface{ Write([]byte) (int, error) }

	mu   sync.Mutex // guards said
	said bytes.Buffer
}

func (r *recorder) Write(text []byte) (int, error) {
	r.mu.Lock()
	r.said.Write(text)
	r.mu.Unlock()
	return r.to.Write(text)
}

func (r *recorder) String() string { return string(r.Bytes()) }

func (r *recorder) Bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.said.Bytes())
}
