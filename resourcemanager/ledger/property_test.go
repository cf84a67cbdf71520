package ledger_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/minifaas/minifaas/resourcemanager/ledger"
)

// world plays the nodes and the tenants of a ledger at random, and keeps
// books of its own to compare with.
type world struct {
	t      *testing.T
	rand   *rand.Rand
	cfg    ledger.Config
	ledger *ledger.Ledger
	now    time.Time

	up       map[string]bool // started, and ready or not
	claims   map[string]uint64
	lent     map[string]time.Time // by id
	resets   map[string]bool      // ids under reset
	ended    map[string]bool
	nodeTime time.Duration // of the reservations that are over
}

func TestRandomLives(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		initial := r.IntN(4)
		w := &world{
			t: t, rand: r, now: at(0),
			cfg:    ledger.Config{Initial: initial, Max: initial + 1 + r.IntN(4), RefillDelay: time.Duration(r.IntN(5)) * time.Second, History: 1 << 20},
			up:     map[string]bool{},
			claims: map[string]uint64{}, lent: map[string]time.Time{}, resets: map[string]bool{}, ended: map[string]bool{},
		}
		w.ledger = ledger.New(w.cfg, nil)
		w.step(ledger.Event{Kind: ledger.Open})
		for range 600 {
			w.live()
			w.check()
		}
		w.step(ledger.Event{Kind: ledger.Close})
		w.check()
		if len(w.lent) != 0 {
			t.Errorf("seed %d: %d reservations outlive the pool", seed, len(w.lent))
		}
		if t.Failed() {
			t.Fatalf("seed %d, %+v", seed, w.cfg)
		}
	}
}

// pick chooses a key, the same for the same seed.
func pick[V any](r *rand.Rand, m map[string]V) string {
	if len(m) == 0 {
		return ""
	}
	return slices.Sorted(maps.Keys(m))[r.IntN(len(m))]
}

// live lets something happen.
func (w *world) live() {
	w.now = w.now.Add(time.Duration(w.rand.IntN(700)) * time.Millisecond)
	if next, ok := w.ledger.NextWake(); ok && !next.After(w.now) {
		w.step(ledger.Event{Kind: ledger.Wake})
	}
	switch w.rand.IntN(8) {
	case 0, 1:
		w.step(ledger.Event{Kind: ledger.Reserve})
	case 2, 3:
		if node := pick(w.rand, w.claims); node != "" {
			claim := w.claims[node]
			delete(w.claims, node)
			kind := ledger.Claimed
			if w.rand.IntN(4) == 0 {
				kind = ledger.Unclaimed
			}
			w.step(ledger.Event{Kind: kind, Node: node, Claim: claim})
		}
	case 4:
		if id := pick(w.rand, w.lent); id != "" {
			w.step(ledger.Event{Kind: ledger.Release, ID: id})
		}
	case 5:
		if id := pick(w.rand, w.resets); id != "" {
			delete(w.resets, id)
			w.step(ledger.Event{Kind: ledger.Released, ID: id})
		}
	case 6:
		if node := pick(w.rand, w.up); node != "" {
			w.step(ledger.Event{Kind: ledger.Ready, Node: node})
		}
	case 7:
		if node := pick(w.rand, w.up); node != "" && w.rand.IntN(3) == 0 {
			delete(w.up, node)
			delete(w.claims, node)
			w.step(ledger.Event{Kind: ledger.Lost, Node: node})
		}
	}
}

func (w *world) step(ev ledger.Event) {
	for _, d := range w.ledger.Step(w.now, ev, nil) {
		r := d.Reservation
		switch d.Kind {
		case ledger.Start:
			if w.up[d.Node] {
				w.t.Errorf("%s is started twice", d.Node)
			}
			w.up[d.Node] = true
		case ledger.Claim:
			if !w.up[d.Node] || w.claims[d.Node] != 0 {
				w.t.Errorf("%s is claimed, but not to be had", d.Node)
			}
			w.claims[d.Node] = d.Claim
		case ledger.Reserved:
			if _, twice := w.lent[r.ID]; twice || w.ended[r.ID] {
				w.t.Errorf("id %s is used twice", r.ID)
			}
			w.lent[r.ID] = w.now
		case ledger.Reset:
			w.resets[r.ID] = true
		case ledger.Ended:
			since, ok := w.lent[r.ID]
			if !ok {
				w.t.Errorf("%s ends, but is not lent", r.ID)
			}
			delete(w.lent, r.ID)
			w.ended[r.ID] = true
			w.nodeTime += w.now.Sub(since)
		case ledger.Stop, ledger.Unknown:
			w.t.Errorf("unexpected decision %+v", d)
		}
	}
}

func (w *world) check() {
	if len(w.up) > w.cfg.Max {
		w.t.Errorf("%d nodes, at most %d", len(w.up), w.cfg.Max)
	}
	if next, ok := w.ledger.NextWake(); ok && !next.After(w.now) {
		w.t.Errorf("at %v the ledger still wants to be woken at %v", w.now, next)
	}
	if n := w.ledger.Available() + len(w.claims) + len(w.lent); n > w.cfg.Max {
		w.t.Errorf("%d nodes available or lent, at most %d", n, w.cfg.Max)
	}
	want := w.nodeTime
	for _, since := range w.lent {
		want += w.now.Sub(since)
	}
	var got time.Duration
	usage := w.ledger.Usage()
	for _, r := range usage {
		got += r.NodeTime(w.now)
		if r.Over() != w.ended[r.ID] {
			w.t.Errorf("%s: over %v, want %v", r.ID, r.Over(), w.ended[r.ID])
		}
	}
	if len(usage) != len(w.lent)+len(w.ended) || got != want {
		w.t.Errorf("%d reservations with a node time of %v, want %d with %v", len(usage), got, len(w.lent)+len(w.ended), want)
	}
}
