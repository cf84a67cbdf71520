package sim

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/nodemodel"
)

// TestLiveIsRunInPieces: a load that is told call by call ends as the one that is
// known beforehand.
func TestLiveIsRunInPieces(t *testing.T) {
	w, err := trace.Open(trace.Contest2020, trace.Options{Length: 20 * time.Second, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	whole := play(t, Config{Workload: w, Policy: newPolicy(t, "ttl-60"), Platform: Reference(1), Seed: 5})
	calls, cold := 0, 0
	l, err := NewLive(Config{Policy: newPolicy(t, "ttl-60"), Platform: Reference(1), Seed: 5}, func(e Ended) {
		calls++
		if e.Cold {
			cold++
		}
		if e.At < e.Granted || e.Granted < e.Arrived || e.Failed {
			t.Errorf("a call ended in the wrong order, or failed: %+v", e)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range w.Functions {
		if at := l.Declare(f, 0); at != i {
			t.Fatalf("function %d is declared as %d", i, at)
		}
	}
	var atEnd Usage
	for c := range w.Calls() {
		if err := l.Play(c); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Pass(w.Length); err != nil {
		t.Fatal(err)
	}
	atEnd = l.Usage()
	if err := l.Pass(w.Length + 2*time.Minute); err != nil {
		t.Fatal(err)
	}
	if calls != whole.Total.Calls || cold != whole.Total.ColdStarts {
		t.Errorf("%d calls, %d cold; in one piece %d, %d", calls, cold, whole.Total.Calls, whole.Total.ColdStarts)
	}
	if atEnd.NodeTime != whole.NodeTime {
		t.Errorf("node time %v, in one piece %v", atEnd.NodeTime, whole.NodeTime)
	}
	if again := l.Usage(); again.NodeTime < atEnd.NodeTime+2*time.Minute || again.MemoryTime <= atEnd.MemoryTime {
		t.Errorf("usage %+v two minutes after %+v: nodes and containers that are kept go on to count", again, atEnd)
	}
}

// TestLiveChanges: functions come later, and what they need changes with the next container.
func TestLiveChanges(t *testing.T) {
	var killed []bool
	p := Reference(1)
	p.Create = func(int) nodemodel.Creation { return nodemodel.Creation{} }
	l, err := NewLive(Config{Policy: newPolicy(t, "baseline"), Platform: p}, func(e Ended) { killed = append(killed, e.Failed) })
	if err != nil {
		t.Fatal(err)
	}
	l.Reserve(0)
	for i, name := range []string{"a", "b"} {
		f := l.Declare(trace.Function{Name: name, Memory: 128 << 20, Used: true}, 1)
		if i == 1 {
			l.Resident(f, 100<<20)
		}
		if err := l.Play(trace.Call{Offset: time.Duration(i) * time.Second, Function: f, Sleep: 10 * ms, Touch: 64 << 20}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Pass(3 * time.Second); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]bool{false, true}, killed); diff != "" {
		t.Errorf("killed for want of memory (-want +got):\n%s", diff)
	}
	if _, err := NewLive(Config{Workload: &trace.Workload{}}, nil); err == nil {
		t.Error("a live simulation takes a workload")
	}
}

func TestRegistryForgetsPages(t *testing.T) {
	var r registry[int]
	n := 3*pageSize + 5
	for i := range n {
		r.add(&i)
	}
	for i := range 2 * pageSize {
		if i != 7 {
			r.remove(uint64(i))
		}
	}
	if r.pages[0] == nil || r.pages[1] != nil {
		t.Error("a page is kept without need, or dropped with something on it")
	}
	if r.get(8) != nil || r.get(pageSize) != nil || *r.get(7) != 7 {
		t.Error("what has gone is there, or what is there has gone")
	}
	var left []int
	for i := range r.all() {
		left = append(left, *i)
	}
	if len(left) != 1+pageSize+5 || left[0] != 7 || left[1] != 2*pageSize || left[len(left)-1] != n-1 {
		t.Errorf("%d are left, %v first", len(left), left[:2])
	}
}
