package scheduler

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
	"github.com/minifaas/minifaas/scheduler/engine"
)

func TestStopWhileCallsWait(t *testing.T) {
	node := newFakeNode(t, nodeID(1))
	node.create, _, _ = hold()
	h := ready(t, Config{ResourceManager: newManager(t, node).address})
	waiting := []<-chan result{h.acquireLater(t.Context(), "r1", "f"), h.acquireLater(t.Context(), "r2", "g")}
	eventually(t, "both wait", func() bool { return h.queued(t) == 2 })
	h.stop()
	for _, answered := range waiting {
		wantCode(t, await(t, "an answer", answered).err, codes.Unavailable)
	}
	await(t, "the scheduler ends", h.ran)
	if h.err != nil {
		t.Errorf("run: %v", h.err)
	}
	_, err := h.AcquireContainer(t.Context(), request("late", "f"))
	wantCode(t, err, codes.Unavailable)
}

// TestStopBeforeAdoption: there may be no ResourceManager yet.
func TestStopBeforeAdoption(t *testing.T) {
	rm := newManager(t)
	rm.server.Stop()
	h := start(t, Config{ResourceManager: rm.address})
	_, err := h.GetStatus(t.Context(), &schedulerpb.GetStatusRequest{})
	wantCode(t, err, codes.Unavailable)
	acquired, returned := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := h.server.AcquireContainer(context.Background(), request("r", "f"))
		acquired <- err
	}()
	go func() {
		_, err := h.server.ReturnContainer(context.Background(), &schedulerpb.ReturnContainerRequest{RequestId: "r", ContainerId: "c"})
		returned <- err
	}()
	h.stop()
	wantCode(t, await(t, "an answer", acquired), codes.Unavailable)
	wantCode(t, await(t, "an answer", returned), codes.Unavailable)
	await(t, "the scheduler ends", h.ran)
	if h.err != nil {
		t.Errorf("run: %v", h.err)
	}
}

// TestYoungerSchedulerTakesOver: two schedulers must not command the same nodes.
func TestYoungerSchedulerTakesOver(t *testing.T) {
	node := newFakeNode(t, nodeID(1))
	rm := newManager(t, node)
	older := ready(t, Config{ResourceManager: rm.address, StatsInterval: 10 * time.Millisecond})
	lease := older.acquire(t, "r", "f")
	younger := ready(t, Config{ResourceManager: rm.address})
	await(t, "the scheduler ends", older.ran)
	if !errors.Is(older.err, errFenced) {
		t.Errorf("the older one ended with %v, want %v", older.err, errFenced)
	}
	_, err := older.AcquireContainer(t.Context(), request("r2", "f"))
	wantCode(t, err, codes.Unavailable)
	if got := younger.acquire(t, "r2", "f"); got.GetContainerId() != lease.GetContainerId() {
		t.Errorf("granted %s, want the adopted %s", got.GetContainerId(), lease.GetContainerId())
	}
}

// TestFencedWhileCreating: a command that is refused is the fastest way to find out.
func TestFencedWhileCreating(t *testing.T) {
	node := newFakeNode(t, nodeID(1))
	h := ready(t, Config{ResourceManager: newManager(t, node).address, StatsInterval: time.Hour})
	h.acquire(t, "r1", "f")
	node.mu.Lock()
	node.epoch += 1 << 40
	node.mu.Unlock()
	_, err := h.AcquireContainer(t.Context(), request("r2", "g"))
	wantCode(t, err, codes.Unavailable)
	await(t, "the scheduler ends", h.ran)
	if !errors.Is(h.err, errFenced) {
		t.Errorf("run: %v, want %v", h.err, errFenced)
	}
}

func TestValidateReportsEveryFault(t *testing.T) {
	_, err := New(Config{
		Policy: "magic", StatsInterval: -1, JournalSize: -1, Engine: engine.Config{QueueLimit: -1, MaxWait: -1},
	})
	if err == nil {
		t.Fatal("no fault found")
	}
	for _, want := range []string{"RESOURCE_MANAGER_ENDPOINT", `"magic"`, "stats interval", "journal size", "queue limit", "maximum wait"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing of %s in:\n%v", want, err)
		}
	}
}

func TestJournalThatCannotBeOpened(t *testing.T) {
	h := start(t, Config{ResourceManager: newManager(t).address, Journal: "/proc/no/such/folder"})
	await(t, "the scheduler ends", h.ran)
	if h.err == nil || !strings.Contains(h.err.Error(), "--journal takes a folder") {
		t.Errorf("run: %v", h.err)
	}
}

// TestResourceManagerNotReady: it may be up and yet refuse, or fail otherwise.
func TestResourceManagerNotReady(t *testing.T) {
	rm := newManager(t, newFakeNode(t, nodeID(1)))
	rm.usageErrors = []error{status.Error(codes.Unavailable, "starting"), status.Error(codes.Unavailable, "starting")}
	ready(t, Config{ResourceManager: rm.address}).acquire(t, "r", "f")

	rm.look(func() { rm.usageErrors = []error{status.Error(codes.Internal, "the ledger is broken")} })
	h := start(t, Config{ResourceManager: rm.address})
	await(t, "the scheduler ends", h.ran)
	if h.err == nil || !strings.Contains(h.err.Error(), "the ledger is broken") {
		t.Errorf("run: %v", h.err)
	}
}
