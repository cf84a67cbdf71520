package resourcemanager_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/minifaas/minifaas/internal/process"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
	"github.com/minifaas/minifaas/resourcemanager"
	"github.com/minifaas/minifaas/resourcemanager/provider/local"
	"github.com/minifaas/minifaas/resourcemanager/provider/nodetest"
)

func TestKilledNode(t *testing.T) {
	p := newPool(t, t.TempDir(), func(c *resourcemanager.Config) { c.Initial, c.Max = 1, 1 })
	n := p.reserve("")
	next := p.watch()
	killed := time.Now()
	p.process("n01").Kill()
	ev := next(resourcemanagerpb.NodeEvent_KIND_LOST)
	if took := time.Since(killed); took > time.Second {
		t.Errorf("the loss was reported after %v", took)
	} else {
		t.Logf("the loss was reported after %v", took)
	}
	if ev.Node.GetId() != n.Id || !ev.Node.Lost || ev.Node.ReleasedTimeTimestampMs == 0 {
		t.Errorf("event = %v", ev)
	}
	next(resourcemanagerpb.NodeEvent_KIND_AVAILABLE)
	t.Logf("it was replaced after %v", time.Since(killed))
	p.release(n.Id) // OK, without effect
	if n := p.reserve(""); n.Id != "n01.2" {
		t.Errorf("replacement = %v", n)
	}
}

// A stopped process is there, but answers nothing.
func TestHungNode(t *testing.T) {
	p := newPool(t, t.TempDir(), func(c *resourcemanager.Config) { c.LostAfter = 900 * time.Millisecond })
	n := p.reserve("")
	next := p.watch()
	proc := p.process("n01")
	if err := proc.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if ev := next(resourcemanagerpb.NodeEvent_KIND_LOST); ev.Node.GetId() != n.Id {
		t.Errorf("event = %v", ev)
	}
	dies(t, proc, 5*time.Second)
	p.awaitAvailable(2)
}

func TestFailingStart(t *testing.T) {
	dir := t.TempDir()
	marker := filepath.Join(dir, "marker")
	core, logged := observer.New(zap.WarnLevel)
	p := newPool(t, dir, func(c *resourcemanager.Config) {
		c.Initial, c.Max = 1, 1
		c.Log = zap.New(core)
		first := ports.Add(1)*50%10000 + 20000
		nodes, err := local.New(local.Config{
			Dir: filepath.Join(dir, "nodes"),
			Command: func(name string, port int) []string {
				// Fails the first time only.
				return append([]string{"/bin/sh", "-c", `test -e "$0" && exec "$@"; touch "$0"; echo out of luck >&2; exit 9`, marker}, nodetest.Command(name, port)...)
			},
			FirstPort: int(first), LastPort: int(first) + 49,
		})
		if err != nil {
			t.Fatal(err)
		}
		c.Provider = nodes
	})
	next := p.watch()
	if _, err := p.ReserveNode(t.Context(), &resourcemanagerpb.ReserveNodeRequest{}); err != nil {
		next(resourcemanagerpb.NodeEvent_KIND_AVAILABLE)
		p.reserve("")
	}
	lost := logged.FilterMessage("node lost").All()
	if len(lost) != 1 {
		t.Fatalf("logged %v", logged.All())
	}
	why, _ := lost[0].ContextMap()["error"].(string)
	if !strings.Contains(why, "exit status 9") || !strings.Contains(why, "out of luck") {
		t.Errorf("logged %q", why)
	}
}

func TestStopEndsAllNodes(t *testing.T) {
	dir := t.TempDir()
	p := newPool(t, dir, nil)
	p.reserve("")
	nodes := []*process.Process{p.process("n01"), p.process("n02")}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	for _, n := range nodes {
		dies(t, n, 5*time.Second)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "nodes", "*.json")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if usage := p.usage(); len(usage) != 1 || usage[0].ReleasedTimeTimestampMs == 0 || usage[0].Lost {
		t.Errorf("usage = %v", usage)
	}
}

// victim is a ResourceManager in a process of its own.
type victim struct {
	*pool
	proc *process.Process
}

func newVictim(t *testing.T, dir string, line *process.Lifeline) victim {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	t.Cleanup(func() { // also when the test fails half way
		nodes, err := local.New(local.Config{Dir: filepath.Join(dir, "nodes"), Command: nodetest.Command})
		if err == nil {
			err = nodes.Sweep()
		}
		if err != nil {
			t.Error(err)
		}
	})
	cmd := exec.Command(os.Args[0], poolRole, dir)
	cmd.Stdout, cmd.Stderr = w, os.Stderr
	line.Attach(cmd)
	proc, err := process.Start(cmd)
	_ = w.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { proc.Kill(); <-proc.Done() })
	address, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	p := &pool{t: t, dir: dir, ResourceManagerClient: client(t, strings.TrimSpace(address))}
	p.awaitAvailable(2)
	return victim{pool: p, proc: proc}
}

func TestRestartAdoptsNodes(t *testing.T) {
	dir := t.TempDir()
	v := newVictim(t, dir, nil)
	kept := v.reserve("a")
	gone := v.reserve("b")
	v.release(v.reserveAgainAfterRelease(gone))
	first := v.process("n01")
	v.proc.Kill()
	dies(t, v.proc, 5*time.Second)
	// While nobody looks, the second node dies.
	second := v.process("n02")
	second.Kill()
	dies(t, second, 5*time.Second)

	p := newPool(t, dir, nil)
	select {
	case <-first.Done():
		t.Fatal("the first node died with its ResourceManager")
	default:
	}
	usage := p.usage()
	if len(usage) != 3 {
		t.Fatalf("usage = %v", usage)
	}
	if diff := cmp.Diff(kept, usage[0], protocmp.Transform()); diff != "" {
		t.Error("the reservation has changed:", diff)
	}
	// Whoever minds it now still notices its death.
	next := p.watch()
	first.Kill()
	if ev := next(resourcemanagerpb.NodeEvent_KIND_LOST); ev.Node.GetId() != kept.Id {
		t.Errorf("event = %v", ev)
	}
}

// reserveAgainAfterRelease makes a reservation that is over, and returns the next of its node.
func (v victim) reserveAgainAfterRelease(n *resourcemanagerpb.NodeDesc) string {
	v.t.Helper()
	next := v.watch()
	v.release(n.Id)
	next(resourcemanagerpb.NodeEvent_KIND_AVAILABLE)
	return v.reserve("c").Id
}

// Reserved when the ResourceManager died, dead when the next one comes.
func TestRestartEndsReservationsOfTheDead(t *testing.T) {
	dir := t.TempDir()
	v := newVictim(t, dir, nil)
	n := v.reserve("a")
	v.proc.Kill()
	dies(t, v.proc, 5*time.Second)
	node := v.process("n01")
	node.Kill()
	dies(t, node, 5*time.Second)

	p := newPool(t, dir, nil)
	if usage := p.usage(); len(usage) != 1 || usage[0].Id != n.Id || !usage[0].Lost {
		t.Errorf("usage = %v", usage)
	}
	p.release(n.Id)
	if again := p.reserve(""); again.Id == n.Id {
		t.Errorf("id %s is used twice", again.Id)
	}
}

func TestAnotherRunStartsAfresh(t *testing.T) {
	dir := t.TempDir()
	v := newVictim(t, dir, nil)
	v.reserve("a")
	v.proc.Kill()
	dies(t, v.proc, 5*time.Second)
	old := v.process("n01")

	p := newPool(t, dir, func(c *resourcemanager.Config) { c.Run = "another" })
	dies(t, old, 5*time.Second)
	if usage := p.usage(); len(usage) != 0 {
		t.Errorf("usage = %v", usage)
	}
	if n := p.reserve(""); n.Id != "n01.1" {
		t.Errorf("node = %v", n)
	}
}

// The lifeline goes from the supervisor past the ResourceManager to the nodes.
func TestLifelineEndsNodes(t *testing.T) {
	line, err := process.NewLifeline()
	if err != nil {
		t.Fatal(err)
	}
	v := newVictim(t, t.TempDir(), line)
	nodes := []*process.Process{v.process("n01"), v.process("n02")}
	v.proc.Kill()
	dies(t, v.proc, 5*time.Second)
	for _, n := range nodes {
		select {
		case <-n.Done():
			t.Fatal("a node died with its ResourceManager")
		default:
		}
	}
	if err := line.Close(); err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		dies(t, n, 5*time.Second)
	}
}
