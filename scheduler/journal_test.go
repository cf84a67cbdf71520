package scheduler

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/journal"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// TestJournalReplays: what the server decided under real calls, an engine
// decides again from the journal alone.
func TestJournalReplays(t *testing.T) {
	for _, name := range policy.Names {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			h, rm, nodes := troubled(t, Config{Policy: name, Journal: dir, StatsInterval: 5 * time.Millisecond})
			if _, err := h.AnnounceFunctions(t.Context(), announcement("f0", "f1", "uncalled")); err != nil {
				t.Fatal(err)
			}
			var callers sync.WaitGroup
			for i := range 12 {
				callers.Go(func() { callAtRandom(t.Context(), h, uint64(i), 40) })
			}
			rm.tell(&resourcemanagerpb.NodeEvent{Kind: resourcemanagerpb.NodeEvent_KIND_LOST, Node: nodes[0].desc})
			callers.Wait()
			h.rpc.GracefulStop() // calls whose callers have left may still be on their way in
			seen, err := h.server.GetStatus(t.Context(), &schedulerpb.GetStatusRequest{})
			if err != nil {
				t.Fatal(err)
			}
			acquired := seen.GetCounters().GetAcquired()
			h.stop()
			await(t, "the scheduler ends", h.ran)
			if h.err != nil {
				t.Fatal(h.err)
			}
			// The next life of the scheduler appends to it.
			next := ready(t, Config{Policy: name, Journal: dir, ResourceManager: rm.address})
			next.stop()
			await(t, "the scheduler ends", next.ran)

			var granted int64
			kinds := map[engine.EventKind]int{}
			seeds := map[uint64]bool{}
			err = journal.Replay(dir, RecordedPolicy, func(s journal.Step) error {
				kinds[s.Event.Kind]++
				seeds[s.Header.Config.Seed] = true
				for _, a := range s.Actions {
					if a.Kind == engine.Grant {
						granted++
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if granted != acquired || acquired == 0 {
				t.Errorf("%d grants replayed, want %d", granted, acquired)
			}
			for _, kind := range []engine.EventKind{
				engine.Announce, engine.Acquire, engine.Cancel, engine.Return, engine.NodeReady, engine.NodeLost, engine.ContainerReady, engine.ContainerFailed, engine.Stats,
			} {
				if kinds[kind] == 0 {
					t.Errorf("no event of kind %d in the journal", kind)
				}
			}
			if len(seeds) != 2 {
				t.Errorf("%d seeds, want one for each life", len(seeds))
			}
		})
	}
}

// troubled is a platform on which now and then a creation fails.
func troubled(t *testing.T, cfg Config) (*harness, *manager, []*fakeNode) {
	var creations tally
	var nodes []*fakeNode
	for i := range 4 {
		n := newFakeNode(t, nodeID(i))
		n.create = func(context.Context, *nodeservicepb.CreateContainerRequest) error {
			if creations.add("all")%5 == 2 {
				return status.Error(codes.Unavailable, "bad luck")
			}
			return nil
		}
		nodes = append(nodes, n)
	}
	rm := newManager(t, nodes...)
	rm.lent, rm.free = append(rm.lent, rm.free[0]), rm.free[1:]
	cfg.ResourceManager = rm.address
	cfg.Engine.LeaseGrace = 50 * time.Millisecond // forgotten leases end soon
	return ready(t, cfg), rm, nodes
}

// callAtRandom acquires and returns; some callers leave early, some containers
// are lost, and some returns are forgotten.
func callAtRandom(ctx context.Context, h *harness, seed uint64, calls int) {
	random := rand.New(rand.NewPCG(seed, 1))
	for i := range calls {
		id := strconv.FormatUint(seed, 10) + "-" + strconv.Itoa(i)
		patience := 5 * time.Second
		if random.IntN(6) == 0 {
			patience = time.Duration(random.IntN(2000)) * time.Microsecond
		}
		waiting, leave := context.WithCancel(ctx)
		impatience := time.AfterFunc(patience, leave)
		lease, err := h.AcquireContainer(waiting, request(id, "f"+strconv.Itoa(random.IntN(5))))
		impatience.Stop()
		leave()
		if err != nil || random.IntN(30) == 0 {
			continue
		}
		_, _ = h.ReturnContainer(ctx, &schedulerpb.ReturnContainerRequest{
			RequestId: id, ContainerId: lease.GetContainerId(), DurationInNanos: random.Int64N(1e7),
			MaxMemoryUsageInBytes: 1 << 20, ContainerLost: random.IntN(15) == 0,
		})
	}
}

// TestJournalKeepsTheWeights: else it would be replayed with others.
func TestJournalKeepsTheWeights(t *testing.T) {
	dir := t.TempDir()
	h := ready(t, Config{
		ResourceManager: newManager(t, newFakeNode(t, nodeID(1))).address, Journal: dir,
		Adaptive: policy.AdaptiveConfig{LatencyWeight: 0.1, ResourceWeight: 0.9},
	})
	h.giveBack(t, "r", h.acquire(t, "r", "f"), false)
	h.stop()
	await(t, "the scheduler ends", h.ran)
	var settings string
	if err := journal.Replay(dir, RecordedPolicy, func(s journal.Step) error {
		settings = string(s.Header.Settings)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var got policy.AdaptiveConfig
	if err := json.Unmarshal([]byte(settings), &got); err != nil || got != h.server.cfg.Adaptive {
		t.Errorf("settings %s, %v; want those of %+v", settings, err, h.server.cfg.Adaptive)
	}
	p, err := RecordedPolicy(&journal.Header{Policy: "adaptive", Settings: json.RawMessage(settings)})
	want, wantErr := NewPolicy("adaptive", h.server.cfg.Adaptive)
	if err != nil || wantErr != nil || !reflect.DeepEqual(p, want) {
		t.Errorf("the recorded policy is %+v, %v; want %+v, %v", p, err, want, wantErr)
	}
}

// TestWeightsNeedAdaptive: another policy would pass them over.
func TestWeightsNeedAdaptive(t *testing.T) {
	settings := policy.AdaptiveConfig{LatencyWeight: 0.5}
	err := Config{ResourceManager: "x:1", Policy: "lru", Adaptive: settings}.Validate()
	if err == nil || !strings.Contains(err.Error(), "policy lru has no weights") {
		t.Errorf("lru with weights: %v", err)
	}
	if err := (Config{ResourceManager: "x:1", Policy: "adaptive", Adaptive: settings}).Validate(); err != nil {
		t.Errorf("adaptive with weights: %v", err)
	}
}

// TestJournalIsOffByDefault: nothing is written that nobody asked for.
func TestJournalIsOffByDefault(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	h := ready(t, Config{ResourceManager: newManager(t, newFakeNode(t, nodeID(1))).address})
	h.acquire(t, "r", "f")
	h.stop()
	await(t, "the scheduler ends", h.ran)
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
