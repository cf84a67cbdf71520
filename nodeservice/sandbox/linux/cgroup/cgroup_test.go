package cgroup

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// open opens the host and returns the path of a group for this test alone.
func open(t *testing.T) (*Host, string) {
	t.Helper()
	parent := fmt.Sprintf("minifaas-cgroup-test-%d", os.Getpid())
	h, err := Open(parent)
	if errors.Is(err, ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Destroy(parent); err != nil {
			t.Error(err)
		}
		for _, dir := range h.paths(parent) {
			if _, err := os.Stat(dir); err == nil {
				t.Errorf("%s is left", dir)
			}
		}
	})
	return h, filepath.Join(parent, "group")
}

// pass moves the thread by doors of version 1.
func pass(t *testing.T, open func() ([]*os.File, error)) {
	t.Helper()
	doors, err := open()
	if err != nil {
		t.Fatal(err)
	}
	for _, door := range doors {
		if _, err := door.WriteString("0"); err != nil {
			t.Fatal(err)
		}
		door.Close()
	}
}

// sleeper starts a process in g.
func sleeper(t *testing.T, g *Group, script string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", script)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if g.host.v2 {
		folder, err := g.Doors()
		if err != nil {
			t.Fatal(err)
		}
		defer folder[0].Close()
		cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(folder[0].Fd())}
	} else {
		pass(t, g.Doors)
		defer pass(t, g.host.Homes)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd
}

func TestLimits(t *testing.T) {
	h, path := open(t)
	if len(h.Missing()) > 0 {
		t.Skipf("missing here: %v", h.Missing())
	}
	g, err := h.Create(path, Limits{Memory: 64 << 20, CPU: 0.25, Pids: 10})
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][2]string{
		"memory": {"memory.limit_in_bytes", "67108864"},
		"cpu":    {"cpu.cfs_quota_us", "25000"},
		"pids":   {"pids.max", "10"},
	}
	if h.v2 {
		files["memory"] = [2]string{"memory.max", "67108864"}
		files["cpu"] = [2]string{"cpu.max", "25000 100000"}
	}
	check := func() {
		t.Helper()
		for controller, file := range files {
			got, err := os.ReadFile(filepath.Join(g.dir(controller), file[0]))
			if err != nil || strings.TrimSpace(string(got)) != file[1] {
				t.Errorf("%s is %q, %v, want %s", file[0], got, err, file[1])
			}
		}
	}
	check()
	if err := g.Set(Limits{CPU: 0.0001}); err != nil { // below the kernel's least
		t.Fatal(err)
	}
	files["cpu"] = [2]string{files["cpu"][0], strings.Replace(files["cpu"][1], "25000", "1000", 1)}
	check()
}

func TestEnterAndLeave(t *testing.T) {
	h, path := open(t)
	if h.v2 {
		t.Skip("with v2 a clone puts the process in")
	}
	g, err := h.Create(path, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	groups := func() string {
		text, err := os.ReadFile("/proc/thread-self/cgroup")
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	before := groups()
	pass(t, g.Doors)
	if inside := groups(); strings.Count(inside, path) != len(h.v1) {
		t.Errorf("in %s, want %s in %d hierarchies", inside, path, len(h.v1))
	}
	// Its thread is in there, but a node must not kill itself.
	if err := g.Kill(); err != nil {
		t.Error(err)
	}
	pass(t, h.Homes)
	if after := groups(); after != before {
		t.Errorf("after leaving in %s, before in %s", after, before)
	}
}

func TestDestroy(t *testing.T) {
	h, path := open(t)
	if h.v2 {
		t.Skip("sleeper enters by v1")
	}
	var ended []*exec.Cmd
	for _, name := range []string{"a", "b/c"} {
		g, err := h.Create(filepath.Join(path, name), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		cmd := sleeper(t, g, "sleep 60 & sleep 60")
		ended = append(ended, cmd)
	}
	if err := h.Destroy(path); err != nil {
		t.Fatal(err)
	}
	for _, cmd := range ended {
		if err := cmd.Wait(); err == nil || err.Error() != "signal: killed" {
			t.Errorf("process ended: %v, want killed", err)
		}
	}
	if err := h.Destroy(path); err != nil {
		t.Errorf("destroy what is not there: %v", err)
	}
}

func TestUsage(t *testing.T) {
	h, path := open(t)
	if h.v2 || len(h.Missing()) > 0 {
		t.Skip("needs the v1 controllers")
	}
	g, err := h.Create(path, Limits{CPU: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	sleeper(t, g, "while :; do :; done")
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		u, err := g.Usage()
		if err != nil {
			t.Fatal(err)
		}
		if u.Memory > 0 && u.CPU > 20*time.Millisecond && u.Throttled > 100*time.Millisecond {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("usage %+v after 20 s of a busy loop on a tenth of a core", u)
		}
	}
}

func TestOutOfMemory(t *testing.T) {
	h, path := open(t)
	if h.v2 || !h.Limited("memory") {
		t.Skip("needs the v1 memory controller")
	}
	g, err := h.Create(path, Limits{Memory: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	event, err := g.WatchOOM()
	if err != nil {
		t.Fatal(err)
	}
	defer event.Close()
	if n, err := g.OOMKills(); n != 0 || err != nil {
		t.Errorf("%d kills, %v, before anything ran", n, err)
	}
	cmd := sleeper(t, g, `a=xxxxxxxx; while :; do a="$a$a"; done`)
	if err := event.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	var count [8]byte
	if _, err := event.Read(count[:]); err != nil {
		t.Fatalf("no event: %v", err)
	}
	_ = cmd.Wait()
	if n, err := g.OOMKills(); n != 1 || err != nil {
		t.Errorf("%d kills, %v, want 1", n, err)
	}
}

func TestOpenUnavailable(t *testing.T) {
	if os.Geteuid() == 0 { // who may write to every cgroup
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestOpenUnavailable$")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		cmd.Dir = "/"
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("as another user: %v\n%s", err, out)
		}
		return
	}
	if _, err := Open("minifaas-cgroup-test"); err != nil && !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v, want ErrUnavailable", err)
	}
}

// TestEvacuate moves one process out of a group of its own in the v2 hierarchy.
func TestEvacuate(t *testing.T) {
	root := "/sys/fs/cgroup/unified"
	if _, err := os.Stat(root + "/cgroup.procs"); err != nil {
		root = "/sys/fs/cgroup"
	}
	dir := filepath.Join(root, fmt.Sprintf("minifaas-evacuate-test-%d", os.Getpid()))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skipf("no cgroup2 hierarchy to write to: %v", err)
	}
	defer func() {
		_ = os.Remove(filepath.Join(dir, initLeaf))
		_ = os.Remove(dir)
	}()
	cmd := exec.Command("/bin/sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	pid := fmt.Sprint(cmd.Process.Pid)
	if err := os.WriteFile(filepath.Join(dir, procs), []byte(pid), 0); err != nil {
		t.Fatal(err)
	}
	if err := evacuate(dir); err != nil {
		t.Fatal(err)
	}
	left, _ := words(filepath.Join(dir, procs))
	moved, _ := words(filepath.Join(dir, initLeaf, procs))
	if len(left) != 0 || !slices.Equal(moved, []string{pid}) {
		t.Errorf("left %v, moved %v, want none and %s", left, moved, pid)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if err := killAll(filepath.Join(dir, initLeaf)); err != nil {
		t.Error(err)
	}
}
