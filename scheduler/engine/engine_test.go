package engine_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// What the engine decides may depend on nothing but its events.
func TestImports(t *testing.T) {
	allowed := map[string]bool{}
	for _, p := range []string{"bytes", "cmp", "encoding/binary", "errors", "fmt", "iter", "math", "math/bits", "slices", "strconv", "strings", "time"} {
		allowed[p] = true
	}
	allowed["hash/maphash"] = true // its seed is chance, as a map's is, and as little to be seen
	for _, dir := range []string{".", "../policy"} {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("%d files in %s, error %v", len(files), dir, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range f.Imports {
				path := strings.Trim(i.Path.Value, `"`)
				if own := "github.com/minifaas/minifaas/scheduler/engine"; !allowed[path] && (path != own || dir == ".") {
					t.Errorf("%s imports %s", file, path)
				}
			}
		}
	}
}

func TestConfigReportsAllFaults(t *testing.T) {
	_, err := engine.New(engine.Config{QueueLimit: -1, MaxWait: -1, ReserveRetry: -1}, policy.Baseline{})
	if err == nil {
		t.Fatal("no error")
	}
	for _, fault := range []string{"queue limit", "maximum wait", "reserve retry"} {
		if !strings.Contains(err.Error(), fault) {
			t.Errorf("%q does not name the %s", err, fault)
		}
	}
	if _, err := engine.New(engine.Config{}, nil); err == nil {
		t.Error("no policy, and no error")
	}
}

// A snapshot that is cut, changed or somebody else's is refused, not believed.
func TestRestoreRefusesNonsense(t *testing.T) {
	e, _ := warm(t, "adaptive", 24, engine.Config{})
	e.Step(0, &engine.Event{Kind: engine.Acquire, Ticket: 1, Function: engine.FunctionSpec{Name: "cold"}}, nil)
	data, err := e.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	restore := func(name string, data []byte) error {
		p, err := policy.New(name)
		if err != nil {
			t.Fatal(err)
		}
		_, err = engine.Restore(engine.Config{}, p, data)
		return err
	}
	if err := restore("adaptive", data); err != nil {
		t.Fatal(err)
	}
	if restore("baseline", data) == nil {
		t.Error("restored with another policy")
	}
	if restore("adaptive", append(data, 0)) == nil {
		t.Error("restored with a byte too many")
	}
	for n := range data {
		if n%7 == 0 && restore("adaptive", data[:n]) == nil {
			t.Errorf("restored from the first %d of %d bytes", n, len(data))
		}
	}
	for i := range data { // any change may be a legal state, but none may panic
		changed := append([]byte(nil), data...)
		changed[i] ^= 0x55
		_ = restore("adaptive", changed)
	}
}

// However many nodes, functions and containers there are, a Step that finds
// every node full and has to evict looks at a bounded number of them.
func TestFullHouseVisitsFew(t *testing.T) {
	e, _ := warm(t, "adaptive", 20_000, engine.Config{})
	now := engine.Instant(0).Add(9 * time.Second)
	most := 0
	step := func(ev *engine.Event) (actions []engine.Action) {
		now++
		actions = e.Step(now, ev, nil)
		most = max(most, e.Visited())
		return actions
	}
	var queue []engine.Action
	for i := range 500 {
		f := engine.FunctionSpec{Name: fmt.Sprint("new-", i), Memory: 512 * mib}
		queue = append(queue, step(&engine.Event{Kind: engine.Acquire, Ticket: engine.Ticket(i + 1), Function: f})...)
		for len(queue) > 0 {
			a := queue[0]
			queue = queue[1:]
			switch a.Kind {
			case engine.ReserveNode:
				queue = append(queue, step(&engine.Event{Kind: engine.NodeFailed, Reservation: a.Reservation, Exhausted: true})...)
			case engine.RemoveContainer:
				queue = append(queue, step(&engine.Event{Kind: engine.ContainerRemoved, Name: a.Name})...)
			case engine.CreateContainer:
				queue = append(queue, step(&engine.Event{Kind: engine.ContainerReady, Name: a.Name, Container: engine.ContainerID(a.Name)})...)
			}
		}
	}
	if err := e.Check(); err != nil {
		t.Fatal(err)
	}
	c := e.Status().Counters
	if c.ContainersCreated < 400 || c.ContainersRemoved < 1600 {
		t.Errorf("%d created, %d removed; want eviction to make room", c.ContainersCreated, c.ContainersRemoved)
	}
	t.Logf("at most %d objects visited in a step", most)
	if most > 64 {
		t.Errorf("%d objects visited in a step", most)
	}
}
