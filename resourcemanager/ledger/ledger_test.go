package ledger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/resourcemanager/ledger"
)

var epoch = time.Date(2020, 7, 1, 0, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time {
	return epoch.Add(time.Duration(seconds * float64(time.Second)))
}

// step is one line of a timeline: at a second, an event, what is decided, and
// what is available afterwards.
type step struct {
	at        float64
	ev        ledger.Event
	want      string
	available int
}

func on(kind ledger.EventKind, node string) ledger.Event {
	return ledger.Event{Kind: kind, Node: node}
}

func claimed(node string, claim uint64) ledger.Event {
	return ledger.Event{Kind: ledger.Claimed, Node: node, Claim: claim}
}

func of(kind ledger.EventKind, id string) ledger.Event {
	return ledger.Event{Kind: kind, ID: id}
}

// words renders decisions as the timelines write them.
func words(ds []ledger.Decision) string {
	var all []string
	for _, d := range ds {
		r := d.Reservation
		switch d.Kind {
		case ledger.Start:
			all = append(all, "start "+d.Node)
		case ledger.Stop:
			all = append(all, "stop "+d.Node)
		case ledger.Claim:
			all = append(all, fmt.Sprintf("claim %s #%d", d.Node, d.Claim))
		case ledger.Exhausted:
			all = append(all, "exhausted")
		case ledger.Reserved:
			all = append(all, "reserved "+r.ID)
		case ledger.Reset:
			all = append(all, "reset "+d.Node)
		case ledger.Unknown:
			all = append(all, "unknown")
		case ledger.Ended:
			end := "released"
			if r.Lost {
				end = "lost"
			}
			all = append(all, fmt.Sprintf("ended %s %s after %v", r.ID, end, r.NodeTime(time.Time{})))
		}
	}
	return strings.Join(all, ", ")
}

func TestTimelines(t *testing.T) {
	small := ledger.Config{Initial: 1, Max: 2, RefillDelay: 4 * time.Second, History: 100}
	wake := ledger.Event{Kind: ledger.Wake}
	reserve := ledger.Event{Kind: ledger.Reserve}
	for _, tt := range []struct {
		name  string
		cfg   ledger.Config
		steps []step
	}{
		{"refill until max", small, []step{
			{0, on(ledger.Open, ""), "start n01", 0},
			{0, reserve, "exhausted", 0},
			{1, on(ledger.Ready, "n01"), "", 1},
			{2, reserve, "claim n01 #1", 0},
			{2, claimed("n01", 1), "reserved n01.1", 0},
			{3, reserve, "exhausted", 0},
			{4, wake, "start n02", 0}, // half of the delay after the reservation
			{4.5, on(ledger.Ready, "n02"), "", 0},
			{5.9, reserve, "exhausted", 0},
			{6, wake, "", 1}, // the whole of it
			{6, reserve, "claim n02 #2", 0},
			{6, claimed("n02", 2), "reserved n02.1", 0},
			{60, wake, "", 0}, // max is reached
			{60, reserve, "exhausted", 0},
		}},
		{"names sort like numbers in a large pool, also beside one of a small pool", ledger.Config{Initial: 3, Max: 1000, History: 100}, []step{
			{0, on(ledger.Adopted, "n02"), "", 0},
			{0, on(ledger.Open, ""), "start n0001, start n0003", 0},
			{0, on(ledger.Ready, "n0003"), "", 1},
			{1, reserve, "claim n0003 #1", 0},
			{1, claimed("n0003", 1), "reserved n0003.1, start n0004", 0},
		}},
		{"a slow start is available when it is up", small, []step{
			{0, on(ledger.Open, ""), "start n01", 0},
			{0, on(ledger.Ready, "n01"), "", 1},
			{1, reserve, "claim n01 #1", 0},
			{1, claimed("n01", 1), "reserved n01.1", 0},
			{3, wake, "start n02", 0},
			{9, on(ledger.Ready, "n02"), "", 1},
		}},
		{"release", small, []step{
			{0, on(ledger.Open, ""), "start n01", 0},
			{0, on(ledger.Ready, "n01"), "", 1},
			{1, reserve, "claim n01 #1", 0},
			{1, claimed("n01", 1), "reserved n01.1", 0},
			{2, of(ledger.Release, "n01.9"), "unknown", 0},
			{2, of(ledger.Release, "n01.1"), "reset n01", 0},
			{2.5, of(ledger.Release, "n01.1"), "reset n01", 0}, // not over yet: asked again
			{2.9, of(ledger.Released, "n01.1"), "ended n01.1 released after 1.9s", 0},
			{2.9, of(ledger.Release, "n01.1"), "", 0}, // a second time is OK
			{3, wake, "start n02", 0},
			{6.8, wake, "", 0},
			{6.9, reserve, "claim n01 #2", 0}, // available again after the delay
			{7, claimed("n01", 2), "reserved n01.2", 0},
			{8, of(ledger.Release, "n01.1"), "", 0}, // the old id does not end the new reservation
		}},
		{"loss of a reserved node", small, []step{
			{0, on(ledger.Open, ""), "start n01", 0},
			{0, on(ledger.Ready, "n01"), "", 1},
			{1, reserve, "claim n01 #1", 0},
			{1, claimed("n01", 1), "reserved n01.1", 0},
			{2, on(ledger.Lost, "n01"), "ended n01.1 lost after 1s", 0}, // up for less than 10 s
			{2.1, wake, "start n01", 0},
			{2.5, on(ledger.Ready, "n01"), "", 1},
			{2.5, of(ledger.Release, "n01.1"), "", 1},
			{2.5, reserve, "claim n01 #2", 0},
			{2.5, claimed("n01", 2), "reserved n01.2", 0},
			{20, wake, "start n02", 0},
			{20, on(ledger.Lost, "n01"), "ended n01.2 lost after 17.5s, start n01", 0}, // healthy before: at once
		}},
		{"loss while claimed", small, []step{
			{0, on(ledger.Open, ""), "start n01", 0},
			{0, on(ledger.Ready, "n01"), "", 1},
			{1, reserve, "claim n01 #1", 0},
			{1, on(ledger.Lost, "n01"), "", 0},
			{2, wake, "start n01", 0},
			{2, on(ledger.Ready, "n01"), "", 1},
			{2, claimed("n01", 1), "", 1}, // the claim died with the node
			{2, reserve, "claim n01 #2", 0},
			{2, claimed("n01", 1), "", 0},
			{2, claimed("n01", 2), "reserved n01.1", 0},
		}},
		{"claim that nobody wants any more", small, []step{
			{0, on(ledger.Open, ""), "start n01", 0},
			{0, on(ledger.Ready, "n01"), "", 1},
			{1, reserve, "claim n01 #1", 0},
			{2, ledger.Event{Kind: ledger.Unclaimed, Node: "n01", Claim: 1}, "", 1},
		}},
		{"failing starts back off", small, []step{
			{0, on(ledger.Open, ""), "start n01", 0},
			{0, on(ledger.Lost, "n01"), "", 0},
			{0.09, wake, "", 0},
			{0.1, wake, "start n01", 0},
			{0.1, on(ledger.Lost, "n01"), "", 0},
			{0.29, wake, "", 0},
			{0.3, wake, "start n01", 0},
			{0.3, on(ledger.Ready, "n01"), "", 1},
			{0.4, on(ledger.Lost, "n01"), "", 0}, // it lived, but not for long
			{0.79, wake, "", 0},
			{0.8, wake, "start n01", 0},
		}},
		{"broken release", small, []step{
			{0, on(ledger.Open, ""), "start n01", 0},
			{0, on(ledger.Ready, "n01"), "", 1},
			{1, reserve, "claim n01 #1", 0},
			{1, claimed("n01", 1), "reserved n01.1", 0},
			{2, of(ledger.Release, "n01.1"), "reset n01", 0},
			{2.5, ledger.Event{Kind: ledger.Released, ID: "n01.1", Broken: true}, "ended n01.1 released after 1.5s", 0},
			{2.6, on(ledger.Lost, "n01"), "", 0},
			{2.7, wake, "start n01", 0},
		}},
		{"loss while releasing", small, []step{
			{0, on(ledger.Open, ""), "start n01", 0},
			{0, on(ledger.Ready, "n01"), "", 1},
			{1, reserve, "claim n01 #1", 0},
			{1, claimed("n01", 1), "reserved n01.1", 0},
			{2, of(ledger.Release, "n01.1"), "reset n01", 0},
			{2.5, on(ledger.Lost, "n01"), "ended n01.1 lost after 1.5s", 0},
			{2.5, of(ledger.Released, "n01.1"), "", 0},
		}},
		{"adoption", small, []step{
			{0, ledger.Event{Kind: ledger.Adopted, Node: "n02", Reservation: ledger.Reservation{ID: "n02.3", Node: "n02", Reserved: at(-10)}}, "", 0},
			{0, on(ledger.Open, ""), "start n01", 0}, // initial + one reservation = 2 nodes
			{1, on(ledger.Ready, "n01"), "", 1},
			{1, of(ledger.Release, "n02.3"), "reset n02", 1},
			{2, of(ledger.Released, "n02.3"), "ended n02.3 released after 12s", 1},
			{6, wake, "", 2},
			{6, reserve, "claim n01 #1", 1},
			{6, reserve, "claim n02 #2", 0},
			{6, claimed("n02", 2), "reserved n02.4", 0}, // ids count on
		}},
		{"adoption above max", ledger.Config{Initial: 1, Max: 1, History: 9}, []step{
			{0, ledger.Event{Kind: ledger.Adopted, Node: "n07", Reservation: ledger.Reservation{ID: "n07.1", Node: "n07", Reserved: at(0)}}, "", 0},
			{0, on(ledger.Adopted, "n08"), "", 0},
			{0, on(ledger.Open, ""), "", 0},
			{1, on(ledger.Ready, "n08"), "stop n08", 0},
			{1, of(ledger.Release, "n07.1"), "reset n07", 0},
			{2, of(ledger.Released, "n07.1"), "ended n07.1 released after 2s, stop n07, start n01", 0},
		}},
		{"no delay", ledger.Config{Initial: 1, Max: 2, History: 9}, []step{
			{0, on(ledger.Open, ""), "start n01", 0},
			{0, on(ledger.Ready, "n01"), "", 1},
			{1, reserve, "claim n01 #1", 0},
			{1, claimed("n01", 1), "reserved n01.1, start n02", 0},
			{1, of(ledger.Release, "n01.1"), "reset n01", 0},
			{1, of(ledger.Released, "n01.1"), "ended n01.1 released after 0s", 1},
		}},
		{"close", small, []step{
			{0, on(ledger.Open, ""), "start n01", 0},
			{0, on(ledger.Ready, "n01"), "", 1},
			{1, reserve, "claim n01 #1", 0},
			{1, claimed("n01", 1), "reserved n01.1", 0},
			{4, ledger.Event{Kind: ledger.Close}, "start n02, ended n01.1 released after 3s", 0},
			{5, reserve, "exhausted", 0},
			{5, of(ledger.Release, "n01.1"), "", 0},
			{5, of(ledger.Release, "x"), "unknown", 0},
			{9, wake, "", 0},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := ledger.New(tt.cfg, nil)
			for i, s := range tt.steps {
				got := words(l.Step(at(s.at), s.ev, nil))
				if got != s.want || l.Available() != s.available {
					t.Fatalf("step %d at %vs: %q and %d available, want %q and %d", i, s.at, got, l.Available(), s.want, s.available)
				}
			}
		})
	}
}

func TestNextWake(t *testing.T) {
	l := ledger.New(ledger.Config{Initial: 1, Max: 2, RefillDelay: 4 * time.Second, History: 9}, nil)
	want := func(seconds float64) {
		t.Helper()
		next, ok := l.NextWake()
		if ok != (seconds > 0) || ok && !next.Equal(at(seconds)) {
			t.Errorf("next wake = %v, %v, want second %v", next, ok, seconds)
		}
	}
	want(0)
	l.Step(at(0), on(ledger.Open, ""), nil)
	want(0) // starting: nothing to wait for
	l.Step(at(0), on(ledger.Ready, "n01"), nil)
	l.Step(at(1), ledger.Event{Kind: ledger.Reserve}, nil)
	l.Step(at(1), claimed("n01", 1), nil)
	want(3) // the start of n02
	l.Step(at(3), on(ledger.Wake, ""), nil)
	l.Step(at(3), on(ledger.Ready, "n02"), nil)
	want(5) // n02 becomes available
	l.Step(at(5), on(ledger.Wake, ""), nil)
	want(0)
}

func TestHistory(t *testing.T) {
	past := []ledger.Reservation{
		{ID: "n01.1", Node: "n01", Reserved: at(-9), Released: at(-8)},
		{ID: "n01.2", Node: "n01", Reserved: at(-7), Released: at(-6), Lost: true},
	}
	l := ledger.New(ledger.Config{Initial: 1, Max: 1, History: 2}, past)
	if diff := cmp.Diff(past, l.Usage()); diff != "" {
		t.Error(diff)
	}
	l.Step(at(0), on(ledger.Open, ""), nil)
	l.Step(at(0), on(ledger.Ready, "n01"), nil)
	l.Step(at(0), ledger.Event{Kind: ledger.Reserve}, nil)
	l.Step(at(0), claimed("n01", 1), nil)
	want := []ledger.Reservation{past[1], {ID: "n01.3", Node: "n01", Reserved: at(0)}}
	if diff := cmp.Diff(want, l.Usage()); diff != "" {
		t.Error("the oldest is forgotten, ids count on:", diff)
	}
	if got := words(l.Step(at(1), of(ledger.Release, "n01.1"), nil)); got != "unknown" {
		t.Errorf("release of a forgotten reservation: %q", got)
	}
}
