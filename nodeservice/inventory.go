package nodeservice

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// state is where a container is in its life; package sandbox shows the moves.
type state string

const (
	creating state = "creating"
	ready    state = "ready"
	frozen   state = "frozen" // shown only: to the inventory it is ready
	busy     state = "busy"
	stopping state = "stopping"
)

// entry is one container of the inventory.
type entry struct {
	id, name string
	function function.Function
	memory   int64
	sizing   sync.Mutex // held while memory is being changed
	state    state
	created  time.Time
	readied  time.Time // zero while it is being created
	// abort ends the creation early; settled is closed when it has ended, and
	// nothing of it is left unless the container is ready.
	abort   func()
	settled chan struct{}
	// sandbox is nil while the container is being created.
	sandbox sandbox.Container
	calls   map[*call]bool
	ended   int // calls
	oom     bool
	last    sandbox.Usage // as of the last statistics
	cpuPct  float64
}

// call is one running invocation.
type call struct {
	requestID string
	cancel    func()
	// age of the container when the call came; fresh: none had ended in it by then.
	age   time.Duration
	fresh bool
	// done is closed when its work has stopped.
	done chan struct{}
	lost bool // the container went with it; set before done is closed
}

// inventory knows the node's containers and which moves are legal. It does
// nothing itself, and is not safe for concurrent use.
type inventory struct {
	containers map[string]*entry // by id
	names      map[string]bool
	owner      string
	// released: the node is nobody's since then, until it is reserved again. A node
	// that was never reserved at all takes containers from whoever finds it.
	released bool
	liveID   string
	epoch    int64
	made     int
}

func newInventory(liveID string) *inventory {
	return &inventory{containers: map[string]*entry{}, names: map[string]bool{}, liveID: liveID}
}

// admit lets a command pass unless it comes from a scheduler older than one
// that the node has heard of. Epoch 0 is a scheduler that has none.
func (inv *inventory) admit(epoch int64) error {
	if epoch < inv.epoch {
		return status.Errorf(codes.PermissionDenied, "epoch %d is over: the node takes commands of epoch %d", epoch, inv.epoch)
	}
	inv.epoch = epoch
	return nil
}

// add enters a container that is about to be created. An empty name gets one.
func (inv *inventory) add(name string, f function.Function, memory int64, now time.Time, abort func()) (*entry, error) {
	if inv.released {
		return nil, status.Error(codes.Aborted, "the node has been released: reserve it again")
	}
	inv.made++
	id := fmt.Sprintf("%s-%d", inv.liveID, inv.made)
	if name == "" {
		name = id
	}
	if inv.names[name] {
		return nil, status.Errorf(codes.AlreadyExists, "the node has a container named %q", name)
	}
	e := &entry{
		id: id, name: name, function: f, memory: memory, state: creating, created: now,
		abort: abort, settled: make(chan struct{}), calls: map[*call]bool{},
	}
	inv.containers[id], inv.names[name] = e, true
	return e, nil
}

// created moves a container from creating to ready.
func (inv *inventory) created(e *entry, c sandbox.Container, now time.Time) {
	e.sandbox, e.state, e.readied = c, ready, now
}

// begin enters an invocation: ready or busy → busy.
func (inv *inventory) begin(containerID, requestID string, now time.Time, cancel func()) (*entry, *call, error) {
	e := inv.containers[containerID]
	if e == nil {
		return nil, nil, status.Errorf(codes.NotFound, "no container %q on this node", containerID)
	}
	if e.state != ready && e.state != busy {
		return nil, nil, status.Errorf(codes.NotFound, "container %q is %s: it takes no invocations", containerID, e.state)
	}
	c := &call{requestID: requestID, cancel: cancel, age: max(now.Sub(e.readied), 1), fresh: e.ended == 0, done: make(chan struct{})}
	e.calls[c], e.state = true, busy
	return e, c, nil
}

// end takes an invocation out: busy → busy or ready.
func (inv *inventory) end(e *entry, c *call) {
	delete(e.calls, c)
	e.ended++
	if e.state == busy && len(e.calls) == 0 {
		e.state = ready
	}
}

// shown is the state as others are told it.
func (e *entry) shown() state {
	if e.state == ready && e.sandbox.Frozen() {
		return frozen
	}
	return e.state
}

// stop moves a container to stopping, from wherever it is.
func (inv *inventory) stop(e *entry) { e.state = stopping }

// drop forgets a container: stopping → stopped.
func (inv *inventory) drop(e *entry) {
	if inv.containers[e.id] == e {
		delete(inv.containers, e.id)
		delete(inv.names, e.name)
	}
}

// find returns the running invocation with that id.
func (inv *inventory) find(containerID, requestID string) *call {
	e := inv.containers[containerID]
	if e == nil || requestID == "" {
		return nil
	}
	for c := range e.calls {
		if c.requestID == requestID {
			return c
		}
	}
	return nil
}

// all lists the containers in order of id.
func (inv *inventory) all() []*entry {
	entries := make([]*entry, 0, len(inv.containers))
	for _, e := range inv.containers {
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b *entry) int { return strings.Compare(a.id, b.id) })
	return entries
}
