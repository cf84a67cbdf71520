package journal

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/engine/enginetest"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// record plays a world with a journal and returns the engine's hash after each step.
func record(t *testing.T, dir string, maxBytes int64, policyName string) []uint64 {
	t.Helper()
	p, err := policy.New(policyName)
	if err != nil {
		t.Fatal(err)
	}
	cfg := engine.Config{Seed: 7, QueueLimit: 50}
	e, err := engine.New(cfg, p)
	if err != nil {
		t.Fatal(err)
	}
	w, err := Open(dir, maxBytes, Header{Policy: policyName, Config: cfg, Started: time.Unix(1_000_000, 0).UTC()})
	if err != nil {
		t.Fatal(err)
	}
	var hashes []uint64
	_, err = enginetest.Run(e, enginetest.Config{
		Seed: 1, Length: time.Minute, Nodes: 3, Memory: 1 << 30,
		Functions: []enginetest.Function{
			{Spec: engine.FunctionSpec{Name: "a", Memory: 128 << 20, Handler: "main.f"}, Mean: 50 * time.Millisecond, Every: 100 * time.Millisecond},
			{Spec: engine.FunctionSpec{Name: "b", Memory: 512 << 20, Timeout: 5 * time.Second}, Mean: time.Second, Every: time.Second},
		},
		CreateFails: 5, Leaves: 5, Forgets: 2, Repeats: 5, Anonymous: 20, Dies: 2, NodeDies: 20 * time.Second,
		Step: func(now engine.Instant, ev *engine.Event, out []engine.Action) []engine.Action {
			out = w.Step(e, now, ev, out)
			hashes = append(hashes, e.Hash())
			return out
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return hashes
}

// recorded is the policy of that name, as record has it.
func recorded(h *Header) (engine.Policy, error) { return policy.New(h.Policy) }

func replay(dir string) (hashes []uint64, err error) {
	err = Replay(dir, recorded, func(s Step) error {
		hashes = append(hashes, s.Engine.Hash())
		return nil
	})
	return hashes, err
}

func TestReplayGivesTheSameHistory(t *testing.T) {
	for _, name := range policy.Names {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			want := record(t, dir, 400<<10, name)
			got, err := replay(dir)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("hashes differ (-recorded +replayed):\n%.500s", d)
			}
			if files, _ := segments(dir); len(files) < 2 {
				t.Errorf("%d segments, want several", len(files))
			}
		})
	}
}

func TestOldestSegmentsAreDeleted(t *testing.T) {
	dir := t.TempDir()
	const limit = 80 << 10
	want := record(t, dir, limit, "adaptive")
	files, err := segments(dir)
	if err != nil {
		t.Fatal(err)
	}
	var total int64
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > limit*5/4 {
		t.Errorf("%d bytes are kept, want about %d", total, limit)
	}
	if first, _ := segmentNumber(files[0]); first == 1 {
		t.Error("the first segment is still there")
	}
	got, err := replay(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) == 0 || len(got) == len(want) {
		t.Errorf("%d of %d steps are left", len(got), len(want))
	}
	if d := cmp.Diff(want[len(want)-len(got):], got); d != "" {
		t.Errorf("hashes differ (-recorded +replayed):\n%.500s", d)
	}
}

func TestReopenContinues(t *testing.T) {
	dir := t.TempDir()
	want := append(record(t, dir, 8<<20, "adaptive"), record(t, dir, 8<<20, "baseline")...)
	got, err := replay(dir)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("hashes differ (-recorded +replayed):\n%.500s", d)
	}
}

// Wherever a crash cuts the last segment, what comes before is replayed.
func TestTornTail(t *testing.T) {
	dir := t.TempDir()
	want := record(t, dir, 64<<20, "adaptive")
	files, _ := segments(dir)
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{1, 3, 7, 20, len(data) / 2, len(data) - 3} {
		if err := os.WriteFile(files[0], data[:len(data)-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := replay(dir)
		if err != nil {
			t.Fatalf("%d bytes cut off: %v", cut, err)
		}
		if len(got) >= len(want) || !slices.Equal(want[:len(got)], got) {
			t.Errorf("%d of %d bytes cut off: %d of %d steps, with other hashes", cut, len(data), len(got), len(want))
		}
	}
	if err := os.WriteFile(files[0], append(data, make([]byte, 100)...), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := replay(dir); err != nil || len(got) != len(want) {
		t.Errorf("zeros at the end: %d of %d steps, error %v", len(got), len(want), err)
	}
}

func TestCorruptRecordIsReported(t *testing.T) {
	dir := t.TempDir()
	record(t, dir, 64<<20, "adaptive")
	files, _ := segments(dir)
	var offset int64
	steps := 0
	err := Replay(dir, recorded, func(s Step) error {
		if steps++; steps == 100 {
			offset = s.Offset
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile(files[0])
	data[offset+frameHead+1] ^= 1
	if err := os.WriteFile(files[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := replay(dir)
	if len(got) != 99 || err == nil || !strings.Contains(err.Error(), filepath.Base(files[0])+" at ") {
		t.Errorf("%d steps and error %v, want 99 and one that names file and offset", len(got), err)
	}
}

func TestDifferenceIsReported(t *testing.T) {
	dir := t.TempDir()
	record(t, dir, 64<<20, "adaptive")
	err := Replay(dir, func(*Header) (engine.Policy, error) {
		return policy.NewAdaptive(policy.AdaptiveConfig{Without: policy.Pricing | policy.Sharing})
	}, nil)
	if d := (*DifferenceError)(nil); !errors.As(err, &d) || d.Step.File == "" || d.Step.Offset == 0 {
		t.Errorf("error %v, want a difference with its place", err)
	}
}

// A disk that fails costs the journal, not the step.
func TestDiskFailureIsReported(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "j")
	e, err := engine.New(engine.Config{}, policy.Baseline{})
	if err != nil {
		t.Fatal(err)
	}
	w, err := Open(dir, 1<<20, Header{Policy: "baseline"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	ev := &engine.Event{Kind: engine.Acquire, Ticket: 1, Function: engine.FunctionSpec{Name: "f"}}
	if out := w.Step(e, 0, ev, nil); len(out) != 1 {
		t.Errorf("actions %v, want one", out)
	}
	if err := w.Close(); err == nil || w.Err() == nil {
		t.Error("no error for a journal without a folder")
	}
}

func TestNilWriter(t *testing.T) {
	e, err := engine.New(engine.Config{}, policy.Baseline{})
	if err != nil {
		t.Fatal(err)
	}
	var w *Writer
	ev := &engine.Event{Kind: engine.Acquire, Ticket: 1, Function: engine.FunctionSpec{Name: "f"}}
	if out := w.Step(e, 0, ev, nil); len(out) != 1 || w.Err() != nil || w.Close() != nil {
		t.Errorf("actions %v, want one and no errors", out)
	}
}

func BenchmarkStep(b *testing.B) {
	e, err := engine.New(engine.Config{}, policy.Baseline{})
	if err != nil {
		b.Fatal(err)
	}
	w, err := Open(b.TempDir(), 1<<30, Header{Policy: "baseline"})
	if err != nil {
		b.Fatal(err)
	}
	f := engine.FunctionSpec{Name: "account/f@1", Memory: 128 << 20}
	e.Step(0, &engine.Event{Kind: engine.NodeReady, Node: "n", Capacity: 1 << 40}, nil)
	e.Step(0, &engine.Event{Kind: engine.ContainerAdopted, Node: "n", Container: "c", Function: f}, nil)
	acquire := &engine.Event{Kind: engine.Acquire, Request: "01890a5d-ac96-774b-bcce-b302099a8057", Function: f}
	back := &engine.Event{Kind: engine.Return, Request: acquire.Request, Container: "c", Outcome: engine.Outcome{Duration: 1e6, MaxMemory: 1 << 20}}
	var out []engine.Action
	var now engine.Instant
	b.ReportAllocs()
	for b.Loop() {
		now += 1000
		acquire.Ticket++
		out = w.Step(e, now, acquire, out[:0])
		out = w.Step(e, now, back, out[:0])
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}
