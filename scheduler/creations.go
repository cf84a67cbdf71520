package scheduler

import (
	"iter"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/prometheus/client_golang/prometheus"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// creations knows what the latest creations of containers were made of. It is safe
// for concurrent use.
type creations struct {
	phases *prometheus.HistogramVec

	mu     sync.Mutex // guards latest and what is in it
	latest *simplelru.LRU[engine.ContainerID, *creation]
}

// creation is of one container.
type creation struct {
	ordered time.Time
	// phases are those on the node; nil if it does not tell them.
	phases *nodeservicepb.CreationPhases
	// firstCall is what the first call took that was returned; 0 until then.
	firstCall time.Duration
}

// newCreations remembers so many of them; size is above 0.
func newCreations(size int) *creations {
	latest, err := simplelru.NewLRU[engine.ContainerID, *creation](size, nil)
	if err != nil {
		panic(err)
	}
	return &creations{latest: latest, phases: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "faas_scheduler_start_duration_seconds",
		Help: "Time that cold starts took, by phase: decide (from the request to the order to make a container), those that the node tells " +
			"(wait, take, mount, limit, import), first_call.",
		Buckets: prometheus.ExponentialBuckets(0.0001, 2, 17), // to 6.6 s
	}, []string{"phase"})}
}

func (c *creations) observe(phase string, took time.Duration) {
	c.phases.WithLabelValues(phase).Observe(took.Seconds())
}

// made records a container that was ordered then.
func (c *creations) made(id engine.ContainerID, ordered time.Time, phases *nodeservicepb.CreationPhases) {
	for phase, nanos := range onNode(phases) {
		c.observe(phase, time.Duration(nanos))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.latest.Add(id, &creation{ordered: ordered, phases: phases})
}

// granted records the answer to a request that came then and has waited for the container.
func (c *creations) granted(id engine.ContainerID, came time.Time) {
	if made, ok := c.get(id); ok {
		c.observe("decide", max(0, made.ordered.Sub(came)))
	}
}

// returned records a call that has ended in the container.
func (c *creations) returned(id engine.ContainerID, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if made, ok := c.latest.Peek(id); ok && made.firstCall == 0 && took > 0 {
		made.firstCall = took
		c.observe("first_call", took)
	}
}

func (c *creations) get(id engine.ContainerID) (creation, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	made, ok := c.latest.Peek(id)
	if !ok {
		return creation{}, false
	}
	return *made, true
}

// explain is what is known of the cold start of a request that came then.
func (c *creations) explain(id engine.ContainerID, came time.Time) *schedulerpb.ColdStart {
	made, ok := c.get(id)
	if !ok {
		return nil
	}
	p := made.phases
	return &schedulerpb.ColdStart{
		DecideNanos: int64(max(0, made.ordered.Sub(came))),
		WaitNanos:   p.GetWaitNanos(), TakeNanos: p.GetTakeNanos(), MountNanos: p.GetMountNanos(), LimitNanos: p.GetLimitNanos(),
		ImportNanos: p.GetImportNanos(), FirstCallNanos: int64(made.firstCall), Pooled: p.GetPooled(), NoSnapshot: p.GetNoSnapshot(),
	}
}

// onNode gives the phases with their names; none of nil.
func onNode(p *nodeservicepb.CreationPhases) iter.Seq2[string, int64] {
	return func(yield func(string, int64) bool) {
		_ = p != nil && yield("wait", p.WaitNanos) && yield("take", p.TakeNanos) && yield("mount", p.MountNanos) &&
			yield("limit", p.LimitNanos) && yield("import", p.ImportNanos)
	}
}
