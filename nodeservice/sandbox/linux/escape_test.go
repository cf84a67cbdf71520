package linux

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/sandboxtest"
)

// inside makes a container and lets it try things; see package sandboxtest's probe.
type inside struct {
	*container
}

func enterContainer(t *testing.T, r *Runtime, id string, memory int64) inside {
	t.Helper()
	return enterFunction(t, r, id, sandboxtest.Build(t).Function(), memory)
}

func enterFunction(t *testing.T, r *Runtime, id string, f function.Function, memory int64) inside {
	t.Helper()
	c, err := underTest(r).Create(t.Context(), sandbox.Spec{ID: id, Function: f, Memory: memory})
	if err != nil {
		t.Fatal(err)
	}
	return inside{c.(*container)}
}

func (i inside) try(t *testing.T, what string) map[string]string {
	t.Helper()
	event, _ := json.Marshal(sandboxtest.Event{Do: what})
	r, err := i.Invoke(t.Context(), sandbox.Invocation{RequestID: what, Event: event, Timeout: time.Minute})
	if err != nil || r.Error != nil {
		t.Fatalf("try %s: %v, %+v, log %q", what, err, r.Error, r.Log)
	}
	found := map[string]string{}
	if err := json.Unmarshal(r.Body, &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// TestRefused: what no sandbox grants, with namespaces or without.
func TestRefused(t *testing.T) {
	c := enterContainer(t, newRuntime(t, nil), "c1", 256<<20)
	t.Run("Calls", func(t *testing.T) {
		for name, got := range c.try(t, "calls") {
			want := "EPERM"
			if name == "clone3" {
				want = "ENOSYS"
			}
			if got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
	})
	t.Run("Privileges", func(t *testing.T) {
		status := c.try(t, "status")
		want := map[string]string{"NoNewPrivs": "1", "Seccomp": "2"}
		for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapAmb"} {
			want[set] = "0000000000000000"
		}
		if c.agent.namespaced { // else the kernel does not let the agent empty it
			want["CapBnd"] = "0000000000000000"
		}
		got := map[string]string{}
		for name := range want {
			got[name] = status[name]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("AgentsThreads", func(t *testing.T) {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", c.agent.process.Pid))
		if err != nil || len(threads) < 2 {
			t.Fatalf("threads %v, %v", threads, err)
		}
		for _, thread := range threads {
			text, err := os.ReadFile(thread)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"NoNewPrivs:\t1\n", "Seccomp:\t2\n", "CapInh:\t0000000000000000\n", "CapPrm:\t0000000000000000\n", "CapEff:\t0000000000000000\n", "CapAmb:\t0000000000000000\n"} {
				if !strings.Contains(string(text), want) {
					t.Errorf("%s lacks %q", thread, want)
				}
			}
		}
	})
	t.Run("OwnUser", func(t *testing.T) {
		want := strconv.Itoa(os.Geteuid())
		if want == "0" {
			want = strconv.Itoa(c.uid)
		}
		for _, pid := range append(descendants(c.agent.process.Pid), c.agent.process.Pid) {
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			_, rest, _ := strings.Cut(string(text), "\nUid:")
			line, _, _ := strings.Cut(rest, "\n")
			for _, id := range strings.Fields(line) {
				if id != want {
					t.Errorf("process %d runs as host user %s, want %s", pid, line, want)
				}
			}
		}
	})
	t.Run("AgentIsClosed", func(t *testing.T) {
		for what, got := range c.try(t, "agent") {
			if got != "EACCES" && got != "EPERM" {
				t.Errorf("%s of the agent: %s", what, got)
			}
		}
	})
	t.Run("NoFilesInherited", func(t *testing.T) {
		// The fourth is the folder that ls reads.
		if diff := cmp.Diff(map[string]string{"error": "ok", "fds": "0 1 2 3"}, c.try(t, "files")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("NoCoreDump", func(t *testing.T) {
		if diff := cmp.Diff(map[string]string{"signal": "segmentation fault", "core": "false"}, c.try(t, "crash")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/limits", c.agent.process.Pid))
		for line := range strings.Lines(string(text)) {
			if rest, is := strings.CutPrefix(line, "Max core file size"); is {
				if got := strings.Fields(rest)[:2]; got[0] != "1" || got[1] != "1" {
					t.Errorf("core limit %v, want 1 1: 0 does not keep a host's core helper from running", got)
				}
			}
		}
	})
}

// TestEscape: what a sandbox with namespaces keeps its function from.
func TestEscape(t *testing.T) {
	if isolationUnderTest() == Process {
		t.Skip("without namespaces functions see the host; New says so")
	}
	r := newRuntime(t, nil)
	c := enterContainer(t, r, "c1", 256<<20)
	enterContainer(t, r, "c2", 256<<20)
	t.Run("SeesOnlyItself", func(t *testing.T) {
		seen := c.try(t, "processes")
		if len(seen) != 2 || seen["1"] != "containerservic" {
			t.Errorf("processes seen: %v, want the agent (the kernel cuts its name) and itself", seen)
		}
	})
	t.Run("WritesOnlyToItsOwn", func(t *testing.T) {
		for path, got := range c.try(t, "write") {
			if own := path == "/tmp/x" || path == "/dev/shm/x"; own != (got == "ok") {
				t.Errorf("write %s: %s", path, got)
			}
		}
	})
	t.Run("FullTmp", func(t *testing.T) {
		if diff := cmp.Diff(map[string]string{"end": "ENOSPC", "mib": "64"}, c.try(t, "fill")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("NoNetwork", func(t *testing.T) {
		want := map[string]string{"interfaces": "lo", "192.0.2.1:80": "ENETUNREACH", "[2001:db8::1]:80": "ENETUNREACH", "loopback": "ok"}
		if diff := cmp.Diff(want, c.try(t, "network")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("SetuidIsHarmless", func(t *testing.T) {
		for target, flags := range c.try(t, "mounts") {
			if !strings.Contains(flags, "nosuid") && !strings.HasPrefix(target, "/dev/") {
				t.Errorf("%s is mounted %s, without nosuid", target, flags)
			}
		}
	})
	t.Run("ForkBomb", func(t *testing.T) {
		got := c.try(t, "fork")
		if n, _ := strconv.Atoi(got["children"]); got["end"] != "EAGAIN" || n == 0 || n > 256 {
			t.Errorf("fork: %v, want EAGAIN before 256 children", got)
		}
		c.try(t, "status") // it lives on
	})
}
