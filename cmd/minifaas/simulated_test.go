package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// newSimulatedUp is a place for platforms with simulated nodes and the function
// work, which has a core for itself.
func newSimulatedUp(t *testing.T) *up {
	u := newUp(t)
	manifest := "functions:\n- {name: work, runtime: simulated, memory: 1536MiB}\n"
	if err := os.WriteFile(filepath.Join(u.functions, "functions.yaml"), []byte(manifest), 0o644); err != nil {
		t.Fatal(err)
	}
	return u
}

// TestSimulatedUp: simulated nodes need no cgroups, run functions of any runtime
// as the event says, and leave nothing.
func TestSimulatedUp(t *testing.T) {
	u := newSimulatedUp(t)
	args := append(u.args(), "--simulated", "--create-time=20ms", "--max-nodes=300", "--nodes=3")
	cmd := exec.Command(os.Args[0], args...)
	if os.Geteuid() == 0 { // hide the host's cgroups, as TestNoCgroups does
		cmd = exec.Command("sh", append([]string{"-c", `mount -t tmpfs -o ro none /sys/fs/cgroup && exec "$0" "$@"`, os.Args[0]}, args...)...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	}
	up := startCommand(t, cmd)
	up.says("3 to 300 simulated nodes")
	c := u.caller()
	for _, function := range []string{"work", "work", "hello-python"} {
		reply := c.must(function, `{"sleep_ms":25}`)
		if got := time.Duration(reply.GetDurationInNanos()); got != 25*time.Millisecond || reply.GetFunctionError() != "" {
			t.Errorf("%s took %v, want 25 ms, by the model exactly; %s", function, got, reply.GetFunctionErrorMessage())
		}
	}
	// A core that it has for itself: the last nanosecond is rounding.
	if got := time.Duration(c.must("work", `{"cpu_ms":25}`).GetDurationInNanos()); got.Round(time.Microsecond) != 25*time.Millisecond {
		t.Errorf("25 ms of CPU took %v", got)
	}
	up.signal(syscall.SIGINT)
	if code := up.exit(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	u.nothingLeft()
}

// TestKillOfSimulatedUp: the nodes end with it.
func TestKillOfSimulatedUp(t *testing.T) {
	u := newSimulatedUp(t)
	up := u.start("--simulated", "--create-time=20ms")
	up.says("minifaas is up")
	u.caller().must("work", "{}")
	up.signal(syscall.SIGKILL)
	up.exit()
	eventually(t, "the end of what depends on it", func() bool { return processesOf(u.stateDir) == nil })
	again := u.start("--simulated", "--create-time=20ms")
	again.says("minifaas is up")
	u.caller().must("work", "{}")
	again.signal(syscall.SIGTERM)
	again.exit()
	u.nothingLeft()
}

// TestSimulatedNodesDie: a ResourceManager that dies takes them along, and the
// platform goes on with others.
func TestSimulatedNodesDie(t *testing.T) {
	u := newSimulatedUp(t)
	up := u.start("--simulated", "--create-time=20ms", "--refill-delay=0s")
	up.says("minifaas is up")
	c := u.caller()
	c.must("work", "{}")
	for _, process := range processesOf(u.stateDir) {
		pid, err := strconv.Atoi(strings.TrimPrefix(process, "process "))
		if err != nil {
			t.Fatal(err)
		}
		command, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		if strings.Contains(string(command), "\x00resourcemanager\x00") {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	eventually(t, "a call to succeed on new nodes", func() bool {
		reply, err := c.invoke(t.Context(), "work", "{}")
		return err == nil && reply.GetFunctionError() == ""
	})
	up.signal(syscall.SIGTERM)
	up.exit()
	u.nothingLeft()
}

// TestSimulatedFunctionOnARealNode: the refusal says what to do.
func TestSimulatedFunctionOnARealNode(t *testing.T) {
	_, f := startForeign(t, "- {name: work, runtime: simulated}\n", false)
	if _, err := f.create("work", 0); status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "start the nodes with --simulated") {
		t.Errorf("created with %v, want FAILED_PRECONDITION and what to do", err)
	}
}

func TestSimulatedFaults(t *testing.T) {
	for _, tt := range []struct {
		flags sandboxFlags
		want  string // part of the message; "" is none
	}{
		{sandboxFlags{}, ""},
		{sandboxFlags{Simulated: true, CreateScale: 1, TimeScale: 10}, ""},
		{sandboxFlags{Simulated: true, CreateScale: 1, CreateTime: time.Second, TimeScale: 1}, ""},
		{sandboxFlags{CreateTime: time.Second}, "want --simulated"},
		{sandboxFlags{TimeScale: 2}, "want --simulated"},
		{sandboxFlags{Simulated: true, CreateScale: 0, TimeScale: 1}, "--create-scale 0"},
		{sandboxFlags{Simulated: true, CreateScale: 2, CreateTime: time.Second, TimeScale: 1}, "want one of them"},
		{sandboxFlags{Simulated: true, CreateScale: 1, CreateTime: -1, TimeScale: 1}, "--create-time"},
		{sandboxFlags{Simulated: true, CreateScale: 1, TimeScale: -3}, "--time-scale -3"},
	} {
		tt.flags.NodeMemory, tt.flags.NodeCPU = defaultNodeMemory, defaultNodeCPU
		err := tt.flags.validate()
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%+v: %v, want %q", tt.flags, err, tt.want)
		}
	}
	for _, simulated := range []bool{false, true} {
		flags := sandboxFlags{Simulated: simulated}
		err := poolFlags{Nodes: 1, MaxNodes: maxNodePorts + 1}.validate(flags.mostNodes())
		if (err == nil) != simulated {
			t.Errorf("more nodes than there are ports for, simulated %v: %v", simulated, err)
		}
	}
}
