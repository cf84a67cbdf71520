package contest

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/rpc"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
)

// observer asks the platform, once a step, what there is.
type observer struct {
	resourceManager resourcemanagerpb.ResourceManagerClient
	nodes           map[string]*node // by address, all that were ever reserved
	cancel          context.CancelFunc
	over            sync.WaitGroup

	// The findings; to be read after stop.
	samples  []sample
	lives    map[string]*life // of containers, by id
	counters counters
}

// sample is what there was at one time, on all reserved nodes. cpu is what
// containers have used since the beginning.
type sample struct {
	at                      time.Time
	nodes, containers, busy int
	memory                  int64
	cpu                     time.Duration
}

// life is when a container was seen: from coming on at all, from first on to be used, which
// is zero if it never was.
type life struct {
	function            string
	coming, first, last time.Time
}

// counters of containers.
type counters struct{ created, failed, removed, outOfMemory int64 }

// node is a node and what it told last.
type node struct {
	conn *grpc.ClientConn
	last *nodeservicepb.NodeCounters
	// stats is nil if it did not answer.
	stats *nodeservicepb.GetStatsReply
}

// askTimeout bounds one question. What does not answer is left out of the sample.
const askTimeout = 2 * time.Second

// observe asks from start on, until stop is called.
func observe(resourceManager grpc.ClientConnInterface, start time.Time, step time.Duration) *observer {
	o := &observer{
		resourceManager: resourcemanagerpb.NewResourceManagerClient(resourceManager),
		nodes:           map[string]*node{}, lives: map[string]*life{},
	}
	ctx, cancel := context.WithCancel(context.Background())
	o.cancel = cancel
	o.over.Go(func() {
		timer := time.NewTimer(time.Until(start.Add(step)))
		defer timer.Stop()
		for at := start.Add(step); ; {
			select {
			case <-timer.C:
			case <-ctx.Done():
				return
			}
			o.ask(ctx)
			// One that comes late leaves out those it has missed.
			for now := time.Now(); !at.After(now); {
				at = at.Add(step)
			}
			timer.Reset(time.Until(at))
		}
	})
	return o
}

// stop asks once more, for the counters' last.
func (o *observer) stop() []sample {
	o.cancel()
	o.over.Wait()
	o.ask(context.Background())
	for _, n := range o.nodes {
		n.conn.Close()
	}
	return o.samples
}

// ask takes one sample.
func (o *observer) ask(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	usage, err := o.resourceManager.GetNodesUsage(ctx, &resourcemanagerpb.GetNodesUsageRequest{})
	if err != nil {
		return
	}
	s := sample{at: time.Now()}
	if n := len(o.samples); n > 0 {
		s.cpu = o.samples[n-1].cpu
	}
	for _, desc := range usage.GetNodes() {
		if desc.GetReleasedTimeTimestampMs() == 0 {
			s.nodes++
		}
		o.meet(rpc.HostPort(desc.GetAddress(), desc.GetNodeServicePort()))
	}
	var asked sync.WaitGroup
	for _, n := range o.nodes {
		asked.Go(func() {
			n.stats, _ = nodeservicepb.NewNodeServiceClient(n.conn).GetStats(ctx, &nodeservicepb.GetStatsRequest{})
		})
	}
	asked.Wait()
	for _, n := range o.nodes {
		o.count(n, &s)
	}
	o.samples = append(o.samples, s)
}

// meet takes up a node that is new. A node stays known when it is released: its
// counters have the last of it.
func (o *observer) meet(address string) {
	if o.nodes[address] != nil {
		return
	}
	if conn, err := rpc.Dial(address); err == nil {
		o.nodes[address] = &node{conn: conn}
	}
}

// count adds to the sample what a node has told.
func (o *observer) count(n *node, s *sample) {
	if n.stats == nil {
		return
	}
	now, last := n.stats.GetCounters(), n.last
	if now.GetContainersCreated() < last.GetContainersCreated() {
		last = nil // another process behind the same address
	}
	o.counters.created += now.GetContainersCreated() - last.GetContainersCreated()
	o.counters.failed += now.GetContainersFailed() - last.GetContainersFailed()
	o.counters.removed += now.GetContainersRemoved() - last.GetContainersRemoved()
	o.counters.outOfMemory += now.GetContainersOutOfMemory() - last.GetContainersOutOfMemory()
	s.cpu += time.Duration(max(0, now.GetCpuTimeInNanos()-last.GetCpuTimeInNanos()))
	n.last = now
	s.memory += n.stats.GetNodeStats().GetMemoryUsageInBytes()
	for _, c := range n.stats.GetContainerStatsList() {
		s.containers++
		if c.GetInFlight() > 0 {
			s.busy++
		}
		o.see(c, s.at)
	}
}

// see notes that a container is there, or on its way.
func (o *observer) see(c *nodeservicepb.ContainerStats, at time.Time) {
	state := c.GetState()
	if state == "stopping" {
		return
	}
	l := o.lives[c.GetContainerId()]
	if l == nil {
		l = &life{function: function.BareName(c.GetFunctionName()), coming: at}
		o.lives[c.GetContainerId()] = l
	}
	if l.first.IsZero() && state != "creating" {
		l.first = at
	}
	l.last = at
}
