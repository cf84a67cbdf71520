package nodeservice

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/host"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// statsCache keeps the node's last figures; the next are compared with them.
type statsCache struct {
	mu    sync.Mutex // guards what follows; held while reading, so that one reads for all
	at    time.Time
	stats *nodeservicepb.NodeStats
	usage sandbox.Usage
}

// counters are of containers since the node has started.
type counters struct{ created, failed, removed, outOfMemory int64 }

func (c counters) message(cpu time.Duration) *nodeservicepb.NodeCounters {
	return &nodeservicepb.NodeCounters{
		ContainersCreated: c.created, ContainersFailed: c.failed, ContainersRemoved: c.removed,
		ContainersOutOfMemory: c.outOfMemory, CpuTimeInNanos: int64(cpu),
	}
}

// refresh returns the cached figures and the CPU used so far, or reads them again
// when they are older than age.
func (s *Server) refresh() (*nodeservicepb.NodeStats, time.Duration) {
	c := &s.stats
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.stats != nil && now.Sub(c.at) < s.cfg.StatsAge {
		return c.stats, c.usage.CPU
	}
	elapsed := now.Sub(c.at)
	usage, err := s.cfg.Runtime.Usage()
	if err != nil {
		s.log.Warn("read node usage failed", zap.Error(err))
		usage = c.usage
	}
	c.stats = s.nodeStats(usage, cpuPct(c.usage, usage, elapsed))
	c.at, c.usage = now, usage
	s.readContainers(elapsed)
	return c.stats, usage.CPU
}

// readContainers updates the figures of every container. Those that die
// meanwhile keep their last.
func (s *Server) readContainers(elapsed time.Duration) {
	s.mu.Lock()
	entries := s.inv.all()
	s.mu.Unlock()
	for _, e := range entries {
		s.mu.Lock()
		c := e.sandbox
		s.mu.Unlock()
		if c == nil {
			continue
		}
		usage, err := c.Usage()
		if err != nil {
			continue
		}
		s.mu.Lock()
		e.cpuPct, e.last = cpuPct(e.last, usage, elapsed), usage
		s.mu.Unlock()
	}
}

// cpuPct is the CPU used between two readings; 100 is one core.
func cpuPct(before, after sandbox.Usage, elapsed time.Duration) float64 {
	if elapsed <= 0 || after.CPU < before.CPU {
		return 0
	}
	return 100 * float64(after.CPU-before.CPU) / float64(elapsed)
}

func (s *Server) nodeStats(usage sandbox.Usage, cpu float64) *nodeservicepb.NodeStats {
	used := usage.Memory + s.cfg.SystemMemory
	stats := &nodeservicepb.NodeStats{
		TotalMemoryInBytes:     s.cfg.Memory,
		MemoryUsageInBytes:     used,
		AvailableMemoryInBytes: max(0, s.cfg.Memory-used),
		CpuUsagePct:            cpu,
		ThrottledNanos:         int64(usage.Throttled),
	}
	if !s.cfg.Simulated {
		addHost(stats)
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(s.cfg.Disk, &disk); err == nil {
		stats.DiskTotalInBytes = int64(disk.Blocks) * disk.Bsize
		stats.DiskAvailInBytes = int64(disk.Bavail) * disk.Bsize
		stats.DiskTotalInodes = int64(disk.Files)
		stats.DiskFreeInodes = int64(disk.Ffree)
	}
	return stats
}

// addHost adds what the machine that the node shares with others is short of.
func addHost(stats *nodeservicepb.NodeStats) {
	if available := host.AvailableMemory(); available != 0 { // else the kernel does not say
		stats.AvailableMemoryInBytes = min(stats.AvailableMemoryInBytes, available)
	}
	stats.HostCpuPressurePct, stats.HostMemoryPressurePct = host.Pressure("cpu"), host.Pressure("memory")
}

func (s *Server) readySandboxes() map[string]int32 {
	reserve, ok := s.cfg.Runtime.(sandbox.Reserve)
	if !ok {
		return nil
	}
	counts := map[string]int32{}
	for runtime, n := range reserve.Ready() {
		counts[runtime] = int32(n)
	}
	return counts
}

// GetStats reports the node and its containers; the figures are up to StatsAge
// old, the list of containers and what they do is of now.
func (s *Server) GetStats(_ context.Context, req *nodeservicepb.GetStatsRequest) (*nodeservicepb.GetStatsReply, error) {
	if epoch := req.GetEpoch(); epoch != 0 {
		s.mu.Lock()
		err := s.inv.admit(epoch)
		s.mu.Unlock()
		if err != nil {
			return nil, err
		}
	}
	node, cpu := s.refresh()
	s.mu.Lock()
	defer s.mu.Unlock()
	reply := &nodeservicepb.GetStatsReply{
		NodeStats:      node,
		LiveId:         s.inv.liveID,
		OwnerAccountId: s.inv.owner,
		Epoch:          s.inv.epoch,
		Counters:       s.counters.message(cpu),
		ReadySandboxes: s.readySandboxes(),
	}
	for _, e := range s.inv.all() {
		reply.ContainerStatsList = append(reply.ContainerStatsList, &nodeservicepb.ContainerStats{
			ContainerId:            e.id,
			TotalMemoryInBytes:     e.memory,
			MemoryUsageInBytes:     e.last.Memory,
			CpuUsagePct:            e.cpuPct,
			FunctionName:           e.function.Name.String(),
			InFlight:               int32(len(e.calls)),
			State:                  string(e.shown()),
			CreatedTimeTimestampMs: e.created.UnixMilli(),
			Name:                   e.name,
			TimeoutInMs:            e.function.Timeout.Milliseconds(),
			Concurrency:            int32(e.function.Concurrency),
		})
	}
	return reply, nil
}
