package linux

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/linux/cgroup"
	"github.com/minifaas/minifaas/nodeservice/sandbox/sandboxtest"
)

// freezing makes a runtime that freezes containers after so long.
func freezing(t *testing.T, after time.Duration) *Runtime {
	t.Helper()
	r := newRuntime(t, func(c *Config) { c.FreezeAfter = after })
	if r.host == nil {
		t.Skip("no cgroups here")
	}
	return r
}

func (i inside) awaitFrozen(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !i.Frozen(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it was not frozen for 20 s; it failed to load: %v", i.broken)
		}
	}
	// The kernel may take a moment to have stopped all of it.
	for deadline := time.Now().Add(20 * time.Second); !stopped(t, i.group); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("its processes go on, 20 s after it was frozen")
		}
	}
}

// stopped asks the kernel whether all processes of the group are frozen.
func stopped(t *testing.T, g *cgroup.Group) bool {
	t.Helper()
	frozen, err := g.Frozen()
	if err != nil {
		t.Fatal(err)
	}
	return frozen
}

func TestFrozenContainer(t *testing.T) {
	r := freezing(t, time.Millisecond)
	sleep := func(d time.Duration) sandbox.Invocation {
		event, _ := json.Marshal(sandboxtest.Event{Sleep: d.Milliseconds()})
		return sandbox.Invocation{RequestID: "r", Event: event, Timeout: 100 * time.Millisecond}
	}
	tests := map[string]func(*testing.T, inside){
		"answers, and is frozen again": func(t *testing.T, c inside) {
			result, err := c.Invoke(t.Context(), sleep(0))
			if err != nil || result.Error != nil {
				t.Fatalf("invoke: %v, %+v", err, result.Error)
			}
			if result.Thaw <= 0 || result.Thaw > time.Second {
				t.Errorf("thawing took %v, want it to be told, and short", result.Thaw)
			}
			c.awaitFrozen(t)
		},
		"has its whole time": func(t *testing.T, c inside) {
			result, err := c.Invoke(t.Context(), sleep(time.Minute))
			// The function is told its deadline in whole milliseconds, and may heed it.
			if err != nil || result.Error == nil || result.Error.Code != sandbox.CodeTimeout || result.Duration < 98*time.Millisecond {
				t.Errorf("invoke: %v, %+v after %v, want a timeout after 100ms", err, result.Error, result.Duration)
			}
		},
		"tells what it uses": func(t *testing.T, c inside) {
			u, err := c.Usage()
			if err != nil || u.Memory <= 0 {
				t.Errorf("usage %+v, %v", u, err)
			}
			if !c.Frozen() {
				t.Error("asking thawed it")
			}
		},
		"is resized": func(t *testing.T, c inside) {
			if err := c.Resize(96 << 20); err != nil {
				t.Fatal(err)
			}
			if !c.Frozen() || c.memory.Load() != 96<<20 {
				t.Errorf("frozen %v, limit %d; want still frozen, 96 MiB", c.Frozen(), c.memory.Load())
			}
			c.try(t, "status")
		},
		"is killed": func(t *testing.T, c inside) {
			begun := time.Now()
			if err := c.Kill(); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := enterContainer(t, r, strings.ReplaceAll(strings.ReplaceAll(name, " ", "-"), ",", ""), 64<<20)
			c.awaitFrozen(t)
			test(t, c)
		})
	}
}

// TestNeverFrozen: not while it works, and not where it was not asked for.
func TestNeverFrozen(t *testing.T) {
	busy := enterContainer(t, freezing(t, time.Millisecond), "busy", 64<<20)
	event, _ := json.Marshal(sandboxtest.Event{Sleep: 60_000})
	go busy.Invoke(t.Context(), sandbox.Invocation{RequestID: "long", Event: event, Timeout: time.Minute})
	for deadline := time.Now().Add(20 * time.Second); busy.flying() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the invocation did not begin")
		}
	}
	busy.freeze() // as the timer would
	if busy.Frozen() || stopped(t, busy.group) {
		t.Error("frozen under an invocation")
	}
	calm := enterContainer(t, newRuntime(t, nil), "calm", 64<<20)
	if calm.rest.timer != nil {
		t.Error("a container has a timer, and its runtime freezes none")
	}
}

func (c *container) flying() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.inFlight
}

// TestFreezeBoundary has invocations come around the very moment at which the
// container is frozen. Each must be answered.
func TestFreezeBoundary(t *testing.T) {
	const after = 3 * time.Millisecond
	r := freezing(t, after)
	c := enterContainer(t, r, "c1", 512<<20) // with CPU enough for them all
	var (
		wg      sync.WaitGroup
		mu      sync.Mutex
		thawed  int
		callers = 3
	)
	for caller := range callers {
		random := rand.New(rand.NewPCG(1, uint64(caller)))
		wg.Go(func() {
			for range 100 {
				// This is when it comes, not a wait for something.
				<-time.After(time.Duration(random.Int64N(int64(6 * after))))
				result, err := c.Invoke(t.Context(), sandbox.Invocation{RequestID: "r", Event: []byte("{}"), Timeout: 20 * time.Second})
				if err != nil || result.Error != nil {
					t.Errorf("invoke: %v, %+v", err, result.Error)
					return
				}
				mu.Lock()
				if result.Thaw > 0 {
					thawed++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if thawed == 0 {
		t.Error("none of the invocations found it frozen: the test has tested nothing")
	}
	t.Logf("%d of %d invocations found the container frozen", thawed, callers*100)
}

// TestFrozenRuntimes: whatever runs the function wakes with the agent.
func TestFrozenRuntimes(t *testing.T) {
	r := freezing(t, time.Millisecond)
	functions := map[string]struct{ handler, file, text string }{
		function.Binary:  {"fn.sh", "fn.sh", "#!/bin/sh\nprintf fine\n"},
		function.Python3: {"app.handler", "app.py", "def handler(event, context):\n    return 'fine'\n"},
		function.NodeJS:  {"app.handler", "app.js", "exports.handler = async () => 'fine';\n"},
	}
	for runtime, f := range functions {
		t.Run(runtime, func(t *testing.T) {
			code := t.TempDir()
			write(t, filepath.Join(code, f.file), f.text, 0o755)
			spec := sandbox.Spec{ID: runtime, Function: codeOf(code), Memory: 256 << 20}
			spec.Function.Name.Function, spec.Function.Runtime, spec.Function.Handler = runtime, runtime, f.handler
			created, err := underTest(r).Create(t.Context(), spec)
			if errors.Is(err, sandbox.ErrUnsupported) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			c := inside{created.(*container)}
			for range 3 {
				c.awaitFrozen(t)
				result, err := c.Invoke(t.Context(), sandbox.Invocation{RequestID: "r", Event: []byte("{}"), Timeout: 20 * time.Second})
				if err != nil || result.Error != nil || !strings.Contains(string(result.Body), "fine") {
					t.Fatalf("%q, %+v, %v", result.Body, result.Error, err)
				}
			}
		})
	}
}

// TestConformanceFrozen runs the suite in containers that are frozen whenever they can be.
func TestConformanceFrozen(t *testing.T) {
	programs := sandboxtest.Build(t)
	features := sandboxtest.Features{Work: programs.Function(), Broken: programs.Broken(), Errors: true, NoQuota: "TestConformance tests it"}
	sandboxtest.Run(t, func(t *testing.T) sandbox.Runtime { return freezing(t, time.Microsecond) }, features)
}

// frozenVariable makes the test process a node whose one container is frozen.
const frozenVariable = "MINIFAAS_TEST_FROZEN_VICTIM"

// TestFrozenVictim is not a test: it is the node that TestKilledNodeFrozen kills.
func TestFrozenVictim(t *testing.T) {
	args := strings.Fields(os.Getenv(frozenVariable))
	if len(args) != 2 {
		t.Skip("runs only as the victim of TestKilledNodeFrozen")
	}
	r, err := New(Config{
		StateDir: args[0], CgroupParent: "minifaas-test", Name: args[1], Memory: 1 << 30, CPU: 1,
		AgentPath: sandboxtest.Build(t).Agent, FreezeAfter: time.Millisecond, Log: zap.NewNop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	enterContainer(t, r, "c1", 64<<20).awaitFrozen(t)
	if err := os.WriteFile(filepath.Join(args[0], "..", "frozen"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	<-t.Context().Done()
}

// TestKilledNodeFrozen: what a killed node has left frozen is removed like the rest.
func TestKilledNodeFrozen(t *testing.T) {
	if r := newRuntime(t, nil); r.host == nil {
		t.Skip("no cgroups here")
	}
	cfg := testConfig(t)
	victim := exec.Command(os.Args[0], "-test.run=^TestFrozenVictim$", "-test.timeout=60s")
	victim.Env = append(os.Environ(), frozenVariable+"="+cfg.StateDir+" "+cfg.Name, sandboxtest.Build(t).Environment())
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = victim.Process.Kill(); _ = victim.Wait() })
	sign := filepath.Join(cfg.StateDir, "..", "frozen")
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(sign); err == nil {
			break
		} else if !errors.Is(err, os.ErrNotExist) || time.Now().After(deadline) {
			t.Fatalf("the victim has no frozen container: %v", err)
		}
	}
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = victim.Wait()
	begun := time.Now()
	if err := Sweep(cfg.StateDir, cfg.CgroupParent, cfg.Name); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > 4*time.Second {
		t.Errorf("the sweep took %v: it waited for what cannot die", took)
	}
	wantNothingLeft(t, cfg)
}
