package containerservice_test

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestAgentEndsWithItsConnection(t *testing.T) {
	a := load(t, nativeFunction(t))
	pid, _ := strconv.Atoi(string(a.invoke(t, "pid").Body))
	a.stop(t)
	waitGone(t, pid)
}

func TestFunctionEndsWithTheAgent(t *testing.T) {
	a := load(t, nativeFunction(t))
	pid, _ := strconv.Atoi(string(a.invoke(t, "pid").Body))
	if err := a.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = a.cmd.Wait()
	a.conn.Close()
	a.conn = nil
	waitGone(t, pid)
}

// waitGone waits for a process that nobody waits for.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat("/proc/" + strconv.Itoa(pid)); err != nil {
			return
		}
	}
	t.Errorf("process %d is still there", pid)
}

// TestAgentIsInit runs the agent as it runs in a sandbox: first process of a pid
// namespace. Orphans must be waited for, and nothing else disturbed by it.
func TestAgentIsInit(t *testing.T) {
	wrap := []string{"unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"}
	if out, err := exec.Command(wrap[0], append(wrap[1:], "true")...).CombinedOutput(); err != nil {
		t.Skipf("no namespaces here: %v: %s", err, out)
	}
	req := function(t, "binary", "", map[string]string{"fn.sh": `#!/bin/sh
for i in 1 2 3 4 5; do (setsid sleep 0.0$i &); done
cat /proc/[0-9]*/stat | grep -c ' Z '
readlink /proc/1/exe`})
	a := startAgent(t, wrap...)
	if reply, err := a.Load(t.Context(), req); err != nil || reply.Error != nil {
		t.Fatalf("load: %v, %v", reply, err)
	}
	for range 20 {
		r := a.invoke(t, "")
		zombies, exe, _ := strings.Cut(string(r.Body), "\n")
		if r.Error != nil || !strings.HasSuffix(exe, "/containerservice-full\n") {
			t.Fatalf("got %q, %v", r.Body, r.Error)
		}
		// Those of this very invocation may just have ended.
		if n, _ := strconv.Atoi(zombies); n > 5 {
			t.Errorf("%d zombies", n)
		}
	}
}

func TestAgentFailsBeforeServing(t *testing.T) {
	cmd := exec.Command(bin + "/containerservice-full")
	cmd.Env = []string{"MINIFAAS_AGENT_JAIL=off"}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 1 || strings.Count(string(out), "\n") != 1 || !strings.HasPrefix(string(out), "containerservice: ") {
		t.Errorf("without descriptors: %v, %q", err, out)
	}
}
