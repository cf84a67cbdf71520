package nodeservice

import (
	"errors"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// TestStatsAreReadOnceAnAge: schedulers may poll as often as they like.
func TestStatsAreReadOnceAnAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &scripted{usage: sandbox.Usage{Memory: 1 << 30, CPU: time.Second, Throttled: 3}}
		n := statsNode(t, r)
		poll := func() *nodeservicepb.NodeStats {
			t.Helper()
			reply, err := n.GetStats(t.Context(), &nodeservicepb.GetStatsRequest{})
			if err != nil {
				t.Fatal(err)
			}
			return reply.GetNodeStats()
		}
		first := poll()
		if first.GetTotalMemoryInBytes() != 4<<30 || first.GetMemoryUsageInBytes() != 1<<30 || first.GetThrottledNanos() != 3 {
			t.Errorf("stats: %v", first)
		}
		if a := first.GetAvailableMemoryInBytes(); a <= 0 || a > 3<<30 {
			t.Errorf("available memory %d, want at most 3 GiB", a)
		}
		if first.GetDiskTotalInBytes() <= 0 || first.GetDiskTotalInBytes() < first.GetDiskAvailInBytes() {
			t.Errorf("disk: %v", first)
		}
		r.usage.CPU += 300 * time.Millisecond
		for range 100 {
			poll()
			time.Sleep(time.Millisecond)
		}
		if r.reads != 1 {
			t.Errorf("read %d times in 100 ms, want once", r.reads)
		}
		time.Sleep(100 * time.Millisecond)
		// 300 ms of CPU in 200 ms.
		if got := poll().GetCpuUsagePct(); r.reads != 2 || got != 150 {
			t.Errorf("read %d times, CPU %v %%; want 2 and 150 %%", r.reads, got)
		}
	})
}

// TestSimulatedStats: a model's figures are its own, whatever this machine is short of.
func TestSimulatedStats(t *testing.T) {
	n := statsNode(t, &scripted{usage: sandbox.Usage{Memory: 100 << 20}})
	// More than this machine can have free.
	n.cfg.Memory, n.cfg.SystemMemory, n.cfg.Simulated = 1<<60, 500<<20, true
	reply, err := n.GetStats(t.Context(), &nodeservicepb.GetStatsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	s := reply.GetNodeStats()
	if s.GetMemoryUsageInBytes() != 600<<20 || s.GetAvailableMemoryInBytes() != 1<<60-600<<20 {
		t.Errorf("memory: %v", s)
	}
	if s.GetHostCpuPressurePct() != 0 || s.GetHostMemoryPressurePct() != 0 {
		t.Errorf("pressure: %v", s)
	}
}

// TestStatsSurviveAFailedReading: the last figures stand, and nothing divides by none.
func TestStatsSurviveAFailedReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &scripted{usage: sandbox.Usage{Memory: 7}}
		n := statsNode(t, r)
		if _, err := n.GetStats(t.Context(), &nodeservicepb.GetStatsRequest{}); err != nil {
			t.Fatal(err)
		}
		r.usageErr = errors.New("no such cgroup")
		time.Sleep(time.Second)
		reply, err := n.GetStats(t.Context(), &nodeservicepb.GetStatsRequest{})
		if err != nil || reply.GetNodeStats().GetMemoryUsageInBytes() != 7 {
			t.Errorf("got %v, %v; want the figures of before", reply, err)
		}
	})
}

// TestContainersAreListedAsOfNow: only their figures may be old.
func TestContainersAreListedAsOfNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &scripted{usage: sandbox.Usage{Memory: 5}}
		n := statsNode(t, r)
		list := func() []*nodeservicepb.ContainerStats {
			t.Helper()
			reply, err := n.GetStats(t.Context(), &nodeservicepb.GetStatsRequest{})
			if err != nil {
				t.Fatal(err)
			}
			return reply.GetContainerStatsList()
		}
		if got := list(); len(got) != 0 {
			t.Errorf("containers: %v, want none", got)
		}
		made, err := n.CreateContainer(t.Context(), create("c", 0))
		if err != nil {
			t.Fatal(err)
		}
		got := list()
		if len(got) != 1 || got[0].GetContainerId() != made.GetContainerId() || got[0].GetName() != "c" || got[0].GetState() != "ready" ||
			got[0].GetTotalMemoryInBytes() != 64<<20 || got[0].GetCreatedTimeTimestampMs() != time.Now().UnixMilli() {
			t.Errorf("containers: %v", got)
		}
		time.Sleep(time.Second)
		if got := list(); got[0].GetMemoryUsageInBytes() != 5 {
			t.Errorf("containers: %v, want their memory", got)
		}
		if _, err := n.RemoveContainer(t.Context(), &nodeservicepb.RemoveContainerRequest{ContainerId: made.GetContainerId()}); err != nil {
			t.Fatal(err)
		}
		if got := list(); len(got) != 0 {
			t.Errorf("containers: %v, want none", got)
		}
	})
}

// statsNode is a node without a listener: those don't work in a bubble.
func statsNode(t *testing.T, r sandbox.Runtime) *Server {
	t.Helper()
	functions, err := function.Load(manifest(t))
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{Functions: functions, Runtime: r, Memory: 4 << 30, Disk: t.TempDir(), Log: zap.NewNop()})
}

// BenchmarkGetStats is what a poll costs between two readings, with 20 containers.
func BenchmarkGetStats(b *testing.B) {
	n := newTestNode(b, &scripted{})
	for range 20 {
		n.mustCreate(b, "")
	}
	for b.Loop() {
		if _, err := n.server.GetStats(b.Context(), &nodeservicepb.GetStatsRequest{}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestStatsTellOfTheReserve, where the runtime keeps one.
func TestStatsTellOfTheReserve(t *testing.T) {
	for _, c := range []struct {
		runtime sandbox.Runtime
		want    map[string]int32
	}{{&scripted{}, nil}, {reserve{&scripted{}}, map[string]int32{"python3": 2, "plain": 1}}} {
		reply, err := statsNode(t, c.runtime).GetStats(t.Context(), &nodeservicepb.GetStatsRequest{})
		if err != nil || !maps.Equal(reply.GetReadySandboxes(), c.want) {
			t.Errorf("%T: %v, %v; want %v", c.runtime, reply.GetReadySandboxes(), err, c.want)
		}
	}
}

type reserve struct{ *scripted }

func (reserve) Ready() map[string]int { return map[string]int{"python3": 2, "plain": 1} }
