package nodemodel

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const (
	ms  = time.Millisecond
	mib = 1 << 20
	own = 8 * mib // what a container of the reference node uses by itself
)

// node is a model whose containers are called 1, 2, 3… in order of creation.
// Its figures count from zero, when the first of them are ready.
type node struct {
	*Model
	t    *testing.T
	zero time.Duration
	c    []*Container // [0] is unused
}

func newNode(t *testing.T, cfg Config, memories ...int64) *node {
	t.Helper()
	n := &node{Model: New(cfg), t: t, c: make([]*Container, 1)}
	for _, memory := range memories {
		n.create(memory)
	}
	n.zero = time.Minute
	if done := n.Advance(n.zero, nil); len(done) != len(memories) {
		t.Fatalf("created %v, want %d", done, len(memories))
	}
	return n
}

func (n *node) create(memory int64) {
	n.c = append(n.c, n.Create(n.zero, uint64(len(n.c)), memory, Reference(1)))
}

func (n *node) invoke(at time.Duration, container int, key uint64, w Work) *Call {
	n.t.Helper()
	call := n.Invoke(n.zero+at, n.c[container], key, w)
	if call == nil {
		n.t.Fatalf("call %d: container %d is not there", key, container)
	}
	return call
}

// end is a completion by its keys, its time from zero and rounded to the microsecond.
type end struct {
	At              time.Duration
	Kind            Kind
	Container, Call uint64
}

func finished(at time.Duration, container, call uint64) end {
	return end{at, Finished, container, call}
}

// ends are the completions until the model has nothing left to do.
func (n *node) ends() (all []end) {
	for {
		next, found := n.Next()
		if !found {
			return all
		}
		all = append(all, n.told(n.Advance(next, nil))...)
	}
}

func (n *node) told(done []Completion) (all []end) {
	for _, d := range done {
		e := end{At: (d.At - n.zero).Round(time.Microsecond), Kind: d.Kind, Container: d.Container.Key}
		if d.Call != nil {
			e.Call = d.Call.Key
		}
		all = append(all, e)
	}
	return all
}

func want[T any](t *testing.T, got []T, want ...T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCreateAlone(t *testing.T) {
	n := newNode(t, Config{})
	n.create(128 * mib)
	want(t, n.ends(), end{500 * ms, Created, 1, 0})
}

// Four creations at once: 0.1 s of delay, then 4 × 0.4 CPU-seconds on 2 cores.
func TestCreateFour(t *testing.T) {
	n := newNode(t, Config{})
	var all []end
	for i := range uint64(4) {
		n.create(128 * mib)
		all = append(all, end{900 * ms, Created, i + 1, 0})
	}
	want(t, n.ends(), all...)
}

func TestCreationScaled(t *testing.T) {
	n := newNode(t, Config{})
	n.Create(n.zero, 1, 128*mib, Reference(3))
	want(t, n.ends(), end{1500 * ms, Created, 1, 0})
}

// A creation may take no CPU, or nothing at all.
func TestCreationOfDelayOnly(t *testing.T) {
	n := newNode(t, Config{})
	n.Create(n.zero, 1, mib, Creation{Delay: 70 * ms, Memory: mib})
	n.Create(n.zero, 2, mib, Creation{})
	want(t, n.ends(), end{0, Created, 2, 0}, end{70 * ms, Created, 1, 0})
}

func TestInvokeNeedsACreatedContainer(t *testing.T) {
	n := newNode(t, Config{})
	n.create(128 * mib)
	if n.Invoke(n.zero+499*ms, n.c[1], 1, Work{}) != nil {
		t.Error("invoked in a container that is being created")
	}
	n.invoke(500*ms, 1, 2, Work{Sleep: ms})
	n.Remove(n.zero+500*ms, n.c[1])
	if n.Invoke(n.zero+500*ms, n.c[1], 3, Work{}) != nil {
		t.Error("invoked in a container that is gone")
	}
	want(t, n.ends(), end{500 * ms, Created, 1, 0})
}

// Everything about a container that is gone is without effect.
func TestGoneStaysGone(t *testing.T) {
	n := newNode(t, Config{}, 512*mib)
	asleep, computing := n.invoke(0, 1, 1, Work{Sleep: time.Second}), n.invoke(0, 1, 2, Work{CPU: time.Second})
	n.Remove(n.zero, n.c[1])
	n.Remove(n.zero, n.c[1])
	n.Cancel(n.zero, asleep)
	n.Cancel(n.zero, computing)
	if _, found := n.Usage(n.zero, n.c[1]); found {
		t.Error("it has a usage")
	}
	if u := n.Total(n.zero); u.Memory != 0 {
		t.Errorf("%d bytes are used by nobody", u.Memory)
	}
	want(t, n.ends())
}

func TestCancel(t *testing.T) {
	n := newNode(t, Config{}, 512*mib)
	first := n.invoke(0, 1, 1, Work{CPU: time.Second, Memory: 100 * mib})
	n.invoke(0, 1, 2, Work{CPU: 67 * ms})
	asleep := n.invoke(0, 1, 3, Work{Sleep: time.Second, Memory: 100 * mib})
	// Until 200 ms each of the two has 33.5 ms; alone, the other 33.5 ms take 100 ms.
	n.Cancel(n.zero+200*ms, first)
	n.Cancel(n.zero+200*ms, asleep)
	n.Cancel(n.zero+200*ms, asleep)
	if u, _ := n.Usage(n.zero+200*ms, n.c[1]); u.Memory != own {
		t.Errorf("memory %d, want %d", u.Memory, own)
	}
	want(t, n.ends(), finished(300*ms, 1, 2))
}

// A call that never ends is no event.
func TestEndlessCall(t *testing.T) {
	n := newNode(t, Config{}, 512*mib)
	n.invoke(0, 1, 1, Work{Sleep: never})
	if at, found := n.Next(); found {
		t.Errorf("something ends at %v", at)
	}
}

// Calls that end before their time are not kept until then.
func TestEndedEarlyIsForgotten(t *testing.T) {
	n := newNode(t, Config{}, 512*mib, 512*mib)
	for i := range uint64(10) {
		n.invoke(0, 1, i, Work{Sleep: time.Hour})
		n.invoke(0, 2, i, Work{Sleep: 2 * time.Hour})
	}
	for i := range uint64(1000) {
		n.Cancel(n.zero, n.invoke(0, 1, i, Work{Sleep: time.Minute}))
	}
	n.Remove(n.zero, n.c[2])
	if kept := len(n.asleep); kept > 20 {
		t.Errorf("%d calls are kept for 10 that sleep", kept)
	}
	if got := len(n.ends()); got != 10 {
		t.Errorf("%d calls finished, want 10", got)
	}
}

func TestConfigFaults(t *testing.T) {
	err := Config{CPU: -1, Memory: -2, SystemMemory: -3}.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	const faults = "cpu is -1 cores; it must be 0 (the default) or more\n" +
		"memory is -2 bytes; it must be 0 (the default) or more\n" +
		"system memory is -3 bytes; it must be 0 (the default) or more"
	if err.Error() != faults {
		t.Errorf("error %q, want %q", err, faults)
	}
}
