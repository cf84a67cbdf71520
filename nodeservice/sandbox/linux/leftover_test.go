package linux

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/sandboxtest"
)

// victimVariable makes the test process a node that waits to be killed.
const victimVariable = "MINIFAAS_TEST_VICTIM"

// TestVictim is not a test: it is the node that TestKilledNode kills.
func TestVictim(t *testing.T) {
	args := strings.Fields(os.Getenv(victimVariable))
	if len(args) < 2 {
		t.Skip("runs only as the victim of TestKilledNode")
	}
	r, err := New(Config{
		StateDir: args[0], CgroupParent: "minifaas-test", Name: args[1], Memory: 1 << 30, CPU: 1,
		AgentPath: sandboxtest.Build(t).Agent, Isolation: isolationUnderTest(), Log: zap.NewNop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(args) > 2 { // the code of a function that is to have a zygote
		ofFunction(t, r, "snap", function.Function{
			Name: function.Name{Account: "a", Function: "f", Version: "1"}, Runtime: function.Python3, Handler: "main.handler", Code: args[2], Snapshot: true,
		})
	}
	c := enterContainer(t, r, "c1", 64<<20)
	go c.Invoke(t.Context(), sandbox.Invocation{RequestID: "r", Event: []byte(`{"sleep_ms":60000}`), Timeout: time.Minute})
	c.try(t, "status")
	fmt.Println("agent", c.agent.process.Pid)
	time.Sleep(time.Minute)
}

// startVictim starts a node with one busy container, and returns the node and its agent.
func startVictim(t *testing.T, cfg Config, more ...string) (*exec.Cmd, int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestVictim$", "-test.v")
	cmd.Env = append(os.Environ(), victimVariable+"="+strings.Join(append([]string{cfg.StateDir, cfg.Name}, more...), " "), sandboxtest.Build(t).Environment())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	var said []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if pid, is := strings.CutPrefix(lines.Text(), "agent "); is {
			n, err := strconv.Atoi(pid)
			if err != nil {
				t.Fatal(err)
			}
			return cmd, n
		}
		said = append(said, lines.Text())
	}
	t.Fatalf("the victim ended: %s", said)
	return nil, 0
}

// TestKilledNode: a node that is killed takes its agents along, and the next
// start, or Sweep, removes the rest.
func TestKilledNode(t *testing.T) {
	cfg := testConfig(t)
	victim, agent := startVictim(t, cfg)

	if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), "another node is using it") {
		t.Errorf("new beside a living node: %v", err)
	}
	other := cfg
	other.StateDir = sandboxtest.StateDir(t)
	if _, err := New(other); err == nil || !strings.Contains(err.Error(), "another node of this name is running") {
		t.Errorf("new with the cgroup of a living node: %v", err)
	}
	if err := Sweep(cfg.StateDir, cfg.CgroupParent, cfg.Name); err == nil {
		t.Error("swept a living node")
	}
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = victim.Wait()
	for deadline := time.Now().Add(10 * time.Second); syscall.Kill(agent, 0) == nil && !zombie(agent); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the agent outlived its node by 10 s")
		}
	}

	t.Run("New", func(t *testing.T) {
		r, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		enterContainer(t, r, "c1", 64<<20).try(t, "status")
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		wantNothingLeft(t, cfg)
	})
	t.Run("Sweep", func(t *testing.T) {
		victim, _ := startVictim(t, cfg)
		_ = victim.Process.Kill()
		_ = victim.Wait()
		for range 2 { // nothing there is no error
			if err := Sweep(cfg.StateDir, cfg.CgroupParent, cfg.Name); err != nil {
				t.Error(err)
			}
		}
		wantNothingLeft(t, cfg)
	})
}

// TestKilledNodeZygote: the same with a function's zygote, whose pid namespace ends with it.
func TestKilledNodeZygote(t *testing.T) {
	if os.Geteuid() != 0 || isolationUnderTest() != "" {
		t.Skip("a zygote takes root and namespaces")
	}
	cfg := testConfig(t)
	f := snapshotted(t, "import os\nif os.getuid(): os.system('sleep 600 &')\ndef handler(e, c): return 'fine'\n")
	victim, _ := startVictim(t, cfg, f.Code)
	all := descendants(victim.Process.Pid)
	zygotes := 0
	for _, pid := range all {
		if group, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid)); strings.Contains(string(group), "/_zygote-") {
			zygotes++
		}
	}
	if len(all) < 8 || zygotes < 3 {
		t.Errorf("%d processes, %d of a zygote's", len(all), zygotes)
	}
	_ = victim.Process.Kill()
	_ = victim.Wait()
	for deadline := time.Now().Add(10 * time.Second); len(all) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("processes %v outlived their node by 10 s", all)
		}
		all = slices.DeleteFunc(all, zombie)
	}
	if err := Sweep(cfg.StateDir, cfg.CgroupParent, cfg.Name); err != nil {
		t.Error(err)
	}
	wantNothingLeft(t, cfg)
	if mounts, _ := os.ReadFile("/proc/self/mountinfo"); strings.Contains(string(mounts), cfg.StateDir) {
		t.Errorf("mounts are left: %s", mounts)
	}
}

// TestAgentDies: an agent that dies by itself leaves nothing either, and its calls learn why.
func TestAgentDies(t *testing.T) {
	r := newRuntime(t, nil)
	c := enterContainer(t, r, "c1", 64<<20)
	ended := make(chan error, 1)
	go func() {
		_, err := c.Invoke(t.Context(), sandbox.Invocation{RequestID: "r", Event: []byte(`{"sleep_ms":60000}`), Timeout: time.Minute})
		ended <- err
	}()
	c.try(t, "status")
	if err := syscall.Kill(c.agent.process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "container lost: agent ended: signal: killed") {
		t.Errorf("invoke: %v, want what happened to the agent", err)
	}
	<-c.gone
	if c.group != nil {
		if _, err := c.group.Usage(); err == nil {
			t.Error("its cgroup is left")
		}
	}
	if left, err := os.ReadDir(c.folder); c.folder != "" && err == nil {
		t.Errorf("%s is left, with %v", c.folder, left)
	}
	if err := c.Kill(); err != nil {
		t.Error(err)
	}
}
