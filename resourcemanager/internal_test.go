package resourcemanager

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	"github.com/minifaas/minifaas/resourcemanager/ledger"
)

func TestConfigFaultsAreAllReported(t *testing.T) {
	err := Config{Initial: 3, Max: 2}.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"provider", "state folder", "max nodes 2", "node memory", "lost after 0s", "dial"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
}

func TestNominal(t *testing.T) {
	const gib = 1 << 30
	for _, tt := range []struct {
		cpu, memory, cores, ram int64
		want                    string
	}{
		{40_000, 80 * gib, 2, 23*gib + gib/2, "nominal 40 vCPU, 80 GiB on 2 cores, 23.5 GiB"},
		{4000, 8 * gib, 4, 8 * gib, ""},
		{4000, 8 * gib, 3, 8 * gib, "nominal 4 vCPU, 8 GiB on 3 cores, 8 GiB"},
		{1500, 9 * gib, 2, 8 * gib, "nominal 1.5 vCPU, 9 GiB on 2 cores, 8 GiB"},
	} {
		if got := compareNominal(tt.cpu, tt.memory, tt.cores, tt.ram); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

func TestSlowWatcherIsEnded(t *testing.T) {
	var ws watchers
	slow, quick := ws.add(), ws.add()
	for i := range int32(watcherBuffer + 1) {
		ws.send(&resourcemanagerpb.NodeEvent{Available: i})
		if ev := <-quick.events; ev.Available != i {
			t.Fatalf("event %d came as %v", i, ev)
		}
	}
	for i := range int32(watcherBuffer) {
		if ev := <-slow.events; ev.Available != i {
			t.Fatalf("event %d came as %v", i, ev)
		}
	}
	if _, ok := <-slow.events; ok || !errors.Is(slow.err, errSlowWatcher) {
		t.Errorf("more events, or %v", slow.err)
	}
	stopping := errors.New("stopping")
	ws.close(stopping)
	if _, ok := <-quick.events; ok || quick.err != stopping {
		t.Errorf("end = %v", quick.err)
	}
	if late := ws.add(); late.err != stopping {
		t.Errorf("a late watcher is told %v", late.err)
	}
}

func open(t *testing.T, dir, run string, history int) (*store, past) {
	t.Helper()
	st, left, err := openStore(dir, run, history)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.close)
	return st, left
}

func over(id string, second int64) ledger.Reservation {
	return ledger.Reservation{ID: id, Node: id[:3], Reserved: time.Unix(second, 0).UTC(), Released: time.Unix(second, 5).UTC()}
}

func TestStoreKeepsTheRun(t *testing.T) {
	dir := t.TempDir()
	st, _ := open(t, dir, "one", 10)
	want := past{
		nodes: []record{{Name: "n01", Handle: []byte(`{"pid":7}`), Reservation: &ledger.Reservation{ID: "n01.2", Node: "n01", Reserved: time.Unix(5, 0).UTC()}}},
		over:  []ledger.Reservation{over("n01.1", 1), over("n02.1", 2)},
	}
	for _, r := range append(want.over, want.over[0]) { // once too often
		if _, err := st.appendUsage(r, 100); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.saveNode("n01", func() (record, bool) { return want.nodes[0], true }); err != nil {
		t.Fatal(err)
	}
	if _, _, err := openStore(dir, "one", 10); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("two at a time: %v", err)
	}
	// What a crash may leave.
	for name, content := range map[string]string{"usage.jsonl": `{"id":"n01.3","rele`, "nodes/n02.json.next": "{", "nodes/n03.json": "", "nodes/n04.json": `{"name":"n05"}`} {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = f.WriteString(content)
		_ = f.Close()
	}
	st.close()

	st, left := open(t, dir, "one", 10)
	if diff := cmp.Diff(want, left, cmp.AllowUnexported(past{})); diff != "" {
		t.Error(diff)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "nodes", "*")); len(files) != 1 {
		t.Errorf("files left: %v", files)
	}
	st.close()

	st, left = open(t, dir, "one", 1)
	if diff := cmp.Diff(want.over[1:], left.over); diff != "" {
		t.Error("a shorter history:", diff)
	}
	st.close()

	if _, left = open(t, dir, "two", 10); len(left.nodes)+len(left.over) != 0 {
		t.Errorf("another run got %+v", left)
	}
}

func TestStoreRewritesUsage(t *testing.T) {
	dir := t.TempDir()
	st, _ := open(t, dir, "", 10)
	for i := range int64(4) {
		full, err := st.appendUsage(over("n01.1", i), 3)
		if err != nil || full != (i == 3) {
			t.Errorf("line %d: full %v, %v", i, full, err)
		}
	}
	last := []ledger.Reservation{over("n01.9", 9)}
	if err := st.rewrite(func() []ledger.Reservation { return last }); err != nil {
		t.Fatal(err)
	}
	if full, err := st.appendUsage(over("n02.1", 10), 3); full || err != nil {
		t.Errorf("full %v, %v", full, err)
	}
	st.close()
	_, left := open(t, dir, "", 10)
	if diff := cmp.Diff(append(last, over("n02.1", 10)), left.over); diff != "" {
		t.Error(diff)
	}
}
