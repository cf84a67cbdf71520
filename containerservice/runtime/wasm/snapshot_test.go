package wasm

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minifaas/minifaas/containerservice/runtime"
)

func startSnapshot(t *testing.T, file string, environment map[string]string) (*program, string, error) {
	t.Helper()
	f := function(t, file)
	f.Snapshot, f.Environment, f.LoadTimeout = true, environment, long
	rt, log, err := Start(t.Context(), f)
	if err != nil {
		return nil, log, err
	}
	p := rt.(*program)
	t.Cleanup(p.close)
	return p, log, nil
}

// report is what snapshot.c answers.
type report struct {
	begun                  float64
	wrong, calls, restored int
	chance                 uint32
}

func (p *program) report(t *testing.T, event string) (r report) {
	t.Helper()
	res := p.invoke(t, event)
	if _, err := fmt.Sscanf(string(res.Body), "%f wrong %d calls %d restored %d chance %d", &r.begun, &r.wrong, &r.calls, &r.restored, &r.chance); err != nil {
		t.Errorf("%s: %q, %v: %v", event, res.Body, res.Error, err)
	}
	return r
}

// TestSnapshot: what initialisation has done is there in each instance, and what
// calls do is in none but theirs.
func TestSnapshot(t *testing.T) {
	p, log, err := startSnapshot(t, "snapshot.wasm", nil)
	if err != nil {
		t.Fatal(err)
	}
	if log != "initialised\n" {
		t.Errorf("the log of loading is %q", log)
	}
	first := p.report(t, "damage")
	seen := map[uint32]bool{first.chance: true}
	var calls sync.WaitGroup
	var mu sync.Mutex
	for range 20 {
		calls.Go(func() {
			r := p.report(t, "damage")
			mu.Lock()
			defer mu.Unlock()
			if seen[r.chance] {
				t.Errorf("two instances drew %d", r.chance)
			}
			seen[r.chance], r.chance = true, first.chance
			if want := (report{first.begun, 0, 1, 1, first.chance}); r != want {
				t.Errorf("%+v, want %+v", r, want)
			}
		})
	}
	calls.Wait()
}

// TestWithoutSnapshot: each instance is initialised, and none restored.
func TestWithoutSnapshot(t *testing.T) {
	p := shared(t, "snapshot.wasm")
	a, b := p.report(t, "x"), p.report(t, "x")
	if a.begun == b.begun || a.restored+b.restored != 0 || a.wrong+b.wrong != 0 {
		t.Errorf("%+v, then %+v", a, b)
	}
}

// TestSnapshotOfGo: a runtime with a heap and globals of its own goes on as it was.
func TestSnapshotOfGo(t *testing.T) {
	p, _, err := startSnapshot(t, "reactor.wasm", nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		p.answers(t, "hello", "1 hello")
	}
}

func TestSnapshotFaults(t *testing.T) {
	for _, c := range []struct{ name, file, fail, kind, want string }{
		{"a command", "c.wasm", "", TypeInvalid, "only a reactor is initialised apart from its calls"},
		{"initialisation fails", "snapshot.wasm", "initialisation", TypeTrap, "initialised"},
	} {
		_, log, err := startSnapshot(t, c.file, map[string]string{"FAIL": c.fail})
		fault, ok := err.(*runtime.Error)
		if !ok || fault.Type != c.kind || !strings.Contains(fault.Message+log, c.want) {
			t.Errorf("%s: %v, log %q; want %s: %s", c.name, err, log, c.kind, c.want)
		}
	}
}

func TestSnapshotTakesTooLong(t *testing.T) {
	f := function(t, "snapshot.wasm")
	f.Snapshot, f.Environment, f.LoadTimeout = true, map[string]string{"FAIL": "end"}, 300*time.Millisecond
	_, _, err := Start(t.Context(), f)
	if fault, ok := err.(*runtime.Error); !ok || fault.Code != runtime.CodeTimeout {
		t.Errorf("got %v, want a timeout", err)
	}
}

// TestRestoreFails: a hook that fails is an error of each call.
func TestRestoreFails(t *testing.T) {
	p, _, err := startSnapshot(t, "snapshot.wasm", map[string]string{"FAIL": "restore"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		res := p.invoke(t, "x")
		if res.Error == nil || res.Error.Type != TypeTrap || !strings.Contains(res.Error.StackTrace, exportRestored) {
			t.Errorf("%q, %+v", res.Body, res.Error)
		}
	}
}
