package shadow

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/scheduler/engine"
)

const (
	mib = engine.Bytes(1 << 20)
	ms  = engine.Instant(time.Millisecond)
)

// scene is a watch of a platform with one container of 1 GiB, two thirds of a core.
func scene() *watch {
	w := newWatch(config("baseline"))
	w.see(0, &engine.Event{Kind: engine.NodeReady, Node: "n", Capacity: 3 << 30}, nil)
	f := &engine.FunctionSpec{Name: "f"}
	w.see(0, &engine.Event{Kind: engine.Wake}, []engine.Action{{Kind: engine.CreateContainer, Node: "n", Name: "a", Function: f, Memory: 1 << 30}})
	w.see(100*ms, &engine.Event{Kind: engine.ContainerReady, Name: "a", Container: "c"}, nil)
	for w.queue.len() > 0 {
		w.queue.pop()
	}
	return w
}

func (w *watch) acquire(now engine.Instant, ticket engine.Ticket, request engine.RequestID) *call {
	w.see(now, &engine.Event{
		Kind: engine.Acquire, Ticket: ticket, Request: request,
		Function: engine.FunctionSpec{Name: "f", Memory: 1 << 30, Timeout: time.Second},
	}, []engine.Action{{Kind: engine.Grant, Ticket: ticket, Container: "c"}})
	return w.calls[ticket]
}

func (w *watch) giveBack(now engine.Instant, request engine.RequestID, out engine.Outcome) {
	w.see(now, &engine.Event{Kind: engine.Return, Request: request, Container: "c", Outcome: out}, nil)
}

func TestWorkOfACall(t *testing.T) {
	w := scene()
	c := w.acquire(1000*ms, 1, "r")
	w.giveBack(1400*ms, "r", engine.Outcome{CPU: 134 * time.Millisecond, MaxMemory: 50 * mib})
	// 134 ms at 0.67 cores are 200 ms of the 400.
	if diff := cmp.Diff(trace.Call{CPU: 134 * time.Millisecond, Sleep: 200 * time.Millisecond}, c.work); diff != "" {
		t.Errorf("work (-want +got):\n%s", diff)
	}
	if f := w.byName["f"]; f.resident != int64(50*mib) || f.creating.mean() != 0 {
		t.Errorf("resident %d, creations %v", f.resident, f.creating.mean())
	}
	if w.created.mean() != 100*time.Millisecond {
		t.Errorf("creations took %v, want 100ms", w.created.mean())
	}
	// More than the quota allows was run ahead of it, and none of it is waiting.
	c = w.acquire(2000*ms, 2, "r")
	w.giveBack(2010*ms, "r", engine.Outcome{CPU: 10 * time.Millisecond, MaxMemory: 60 * mib})
	want := trace.Call{CPU: 6700 * time.Microsecond, Touch: int64(10 * mib)}
	if diff := cmp.Diff(want, c.work); diff != "" {
		t.Errorf("work (-want +got):\n%s", diff)
	}
}

// TestCompanyIsSharedOut: two calls in one container, each with half of what it used.
func TestCompanyIsSharedOut(t *testing.T) {
	w := scene()
	w.byName["f"] = &functionInfo{spec: engine.FunctionSpec{Name: "f"}, resident: int64(20 * mib)}
	w.functions = append(w.functions, w.byName["f"])
	first, second := w.acquire(1000*ms, 1, "r"), w.acquire(1000*ms, 2, "")
	out := engine.Outcome{CPU: 200 * time.Millisecond, MaxMemory: 60 * mib}
	w.giveBack(1500*ms, "", out)
	w.giveBack(1500*ms, "r", out)
	if second.work.CPU != 100*time.Millisecond || second.work.Touch != int64(20*mib) {
		t.Errorf("work %+v, want 100ms and 20 MiB", second.work)
	}
	if first.state != known || len(w.calls) != 0 || len(w.leases) != 0 {
		t.Errorf("left: %v, %v", w.calls, w.leases)
	}
}

// TestTheQueueWaits for a call without an outcome, until its lease is over.
func TestTheQueueWaits(t *testing.T) {
	w := scene()
	slow := w.acquire(1000*ms, 1, "slow")
	w.acquire(1001*ms, 2, "fast")
	w.giveBack(1002*ms, "fast", engine.Outcome{MaxMemory: mib})
	front := w.queue.front().came
	if front != slow || front.state != open {
		t.Fatalf("the queue does not wait for the call that came first: %+v", front)
	}
	if w.overdue(slow, 7000*ms) {
		t.Error("the call is closed before its lease of 1 s and 5 s grace is over")
	}
	if !w.overdue(slow, 7001*ms) || slow.state != known || slow.work.Sleep != 6*time.Second {
		t.Errorf("after the lease: state %d, work %+v", slow.state, slow.work)
	}
	w.giveBack(8000*ms, "slow", engine.Outcome{})
	if n := w.queue.len(); n != 4 {
		t.Errorf("%d moments, want two arrivals and two ends", n)
	}
}

func TestRefusedCalls(t *testing.T) {
	w := scene()
	refuse := func(ticket engine.Ticket, why engine.Refusal) {
		ev := &engine.Event{Kind: engine.Acquire, Ticket: ticket, Function: engine.FunctionSpec{Name: "f"}}
		w.see(1, ev, []engine.Action{{Kind: engine.Refuse, Ticket: ticket, Refusal: why}})
	}
	refuse(1, engine.NoCapacity)
	if w.dropped != 1 {
		t.Error("a call of a function that never ran is not dropped")
	}
	w.acquire(1000*ms, 2, "r")
	w.giveBack(1400*ms, "r", engine.Outcome{MaxMemory: mib})
	refuse(3, engine.NoCapacity)
	refuse(4, engine.Canceled)
	last := w.queue.items[len(w.queue.items)-2] // before the arrival of ticket 4, which counts nowhere
	if last.ended == nil || !last.failed || last.ended.work.Sleep != 400*time.Millisecond {
		t.Errorf("last end %+v: want a failure that would have taken 400ms", last)
	}
	w.acquire(2000*ms, 5, "left")
	w.giveBack(2010*ms, "left", engine.Outcome{Error: errorCanceled})
	if w.dropped != 3 || w.byName["f"].last.Sleep != 400*time.Millisecond || len(w.leases) != 0 {
		t.Errorf("%d dropped after a call was cancelled, latest work %+v", w.dropped, w.byName["f"].last)
	}
}

// TestHoldings: the memory of containers goes with them, or with their node.
func TestHoldings(t *testing.T) {
	w := newWatch(config("baseline"))
	f := &engine.FunctionSpec{Name: "f"}
	create := func(name engine.Name, node engine.NodeID) engine.Action {
		return engine.Action{Kind: engine.CreateContainer, Node: node, Name: name, Function: f, Memory: 100 * mib}
	}
	w.see(1, &engine.Event{Kind: engine.NodeReady, Node: "n", Capacity: 1 << 30}, []engine.Action{create("a", "n"), create("b", "n"), create("d", "n")})
	w.see(2, &engine.Event{Kind: engine.ContainerAdopted, Node: "n", Container: "old", Function: engine.FunctionSpec{Name: "f", Memory: 50 * mib}}, nil)
	w.see(3, &engine.Event{Kind: engine.ContainerFailed, Name: "a"}, nil)
	w.see(4, &engine.Event{Kind: engine.ContainerReady, Name: "b", Container: "cb"}, []engine.Action{{Kind: engine.ResizeContainer, Container: "cb", Name: "b", Memory: 160 * mib}})
	w.see(4, &engine.Event{Kind: engine.ContainerResized, Name: "b"}, nil)
	w.see(5, &engine.Event{Kind: engine.ContainerLost, Container: "cb"}, nil)
	w.see(6, &engine.Event{Kind: engine.Wake}, []engine.Action{{Kind: engine.RemoveContainer, Container: "old", Name: "x"}})
	w.see(7, &engine.Event{Kind: engine.ContainerRemoved, Name: "x"}, nil)
	w.see(8, &engine.Event{Kind: engine.NodeLost, Node: "n"}, nil)
	w.see(9, &engine.Event{Kind: engine.NodeLost, Node: "n"}, nil)
	var l level
	var got []engine.Bytes
	for w.queue.len() > 0 {
		m := w.queue.pop()
		l.nodes += m.nodes
		l.memory += m.memory
		got = append(got, l.memory/mib)
	}
	if diff := cmp.Diff([]engine.Bytes{0, 100, 200, 300, 350, 250, 310, 150, 100, 0}, got); diff != "" || l.nodes != 0 {
		t.Errorf("%d nodes left; MiB (-want +got):\n%s", l.nodes, diff)
	}
}

func TestQueueKeepsOrder(t *testing.T) {
	var q queue
	next := engine.Instant(0)
	for i := range engine.Instant(10_000) {
		q.push(moment{at: i})
		if i%3 != 0 {
			if m := q.pop(); m.at != next {
				t.Fatalf("popped %d, want %d", m.at, next)
			}
			next++
		}
	}
	if q.len() != int(10_000-next) || q.front().at != next {
		t.Errorf("%d left, first %d; want %d, %d", q.len(), q.front().at, 10_000-next, next)
	}
	if cap(q.items) > 16_384 {
		t.Errorf("the queue holds room for %d moments", cap(q.items))
	}
}
