package linux

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// zygoteSees is what a function's code finds in its zygote.
func zygoteSees(t *testing.T, c *container) (seen map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(answer(t, c)), &seen); err != nil {
		t.Fatal(err)
	}
	return seen
}

// TestFunctionZygoteIsShutIn: the function's code finds no processes but those of its own
// containers, no files and namespaces of the host, no rights.
func TestFunctionZygoteIsShutIn(t *testing.T) {
	r := newPooledRuntime(t, nil)
	seen := zygoteSees(t, ofFunction(t, r, "c1", ownedBy("a", withCode(t, "shutin.py"))))
	for what, want := range map[string]any{
		"other processes": []any{"containerservic", "containerservic"}, // the helper, its agent
		"capabilities":    "0000000000000000", "bounding": "0000000000000000", "no new privileges": "1", "filters": "1",
		"enter helper": "EPERM", "enter helper's mounts": "EPERM", "namespaces of helper": "EACCES", "memory of helper": "EACCES", "signal helper": "EPERM",
		"host's files": "ENOENT", "shadow": "ENOENT", "write /usr": "EROFS", "write code": "EROFS", "write /tmp": "ok",
		"mount": "EPERM", "unshare": "EPERM", "new user namespace": "EPERM", "ptrace": "EPERM", "netlink": "EPERM", "become root": "EPERM",
		"interfaces": []any{"lo", "ENXIO"},
	} {
		got := seen[what]
		if a, b := mustJSON(t, got), mustJSON(t, want); a != b {
			t.Errorf("%s: %s, want %s", what, a, b)
		}
	}
}

func withCode(t *testing.T, file string) function.Function {
	t.Helper()
	f := testdata(t, file)
	f.Snapshot = true
	return f
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestFunctionZygoteStaysInItsHouse: it can't enter the sandboxes of others: of another
// function of the same tenant, and of those that are root's.
func TestFunctionZygoteStaysInItsHouse(t *testing.T) {
	r := newPooledRuntime(t, nil)
	code := "def handler(e, c): return 'fine'\n"
	one := ofFunction(t, r, "c1", snapshotted(t, code)).fork.zygote
	other := script(t, "other", function.Python3, "main.py", code)
	other.Snapshot = true
	theirs := ofFunction(t, r, "c2", other).fork.zygote
	for name, k := range map[string]kind{"function": {runtime: function.Python3, zygote: &zygote{container: theirs.container}}, "root": {}} {
		c, err := r.newContainer("target-"+name, k.limit(), k, k.zygote.home())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.start(r.mounts(filepath.Join(r.state.code(), emptyCode), "")); err != nil {
			t.Fatal(err)
		}
		if err := c.expectWorker(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.fork.zygote = one
		files, err := c.fork.take(c.agent.process)
		if err != nil {
			t.Fatal(err)
		}
		answered := make(chan error)
		one.fork(files, func(err error) { answered <- err })
		if err := <-answered; err == nil || !strings.Contains(err.Error(), "did not get into the sandbox: Operation not permitted") {
			t.Errorf("it enters a sandbox of another's: %v", err)
		}
		closeAll(files)
		if below := descendants(c.agent.process.Pid); len(below) > 0 {
			t.Errorf("processes %v are in there", below)
		}
	}
}

// TestUnconfinedFork: a fork that does not shut itself in has all capabilities over its own
// sandbox, which its filter makes worthless.
func TestUnconfinedFork(t *testing.T) {
	c := ofFunction(t, newPooledRuntime(t, nil), "c1", withCode(t, "unconfined.py"))
	seen := zygoteSees(t, c)
	if seen["capabilities"] == "0000000000000000" {
		t.Error("the fork has no capabilities: the test tests nothing")
	}
	delete(seen, "capabilities")
	for what, got := range seen {
		if got != "EPERM" {
			t.Errorf("%s: %v, want EPERM", what, got)
		}
	}
}

// TestFunctionZygoteDies: containers outlive it, and are made without it, when it has died
// and when it hangs; then with another.
func TestFunctionZygoteDies(t *testing.T) {
	r := newPooledRuntime(t, nil)
	f := snapshotted(t, "def handler(e, c): return 'fine'\n")
	for i, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP} {
		first := ofFunction(t, r, "first"+strconv.Itoa(i), f)
		one := first.fork.zygote
		for _, pid := range descendants(one.process.Pid) {
			if err := syscall.Kill(pid, signal); err != nil {
				t.Fatal(err)
			}
		}
		next, err := r.Create(t.Context(), sandbox.Spec{ID: "next" + strconv.Itoa(i), Function: f, Memory: 128 << 20})
		if err != nil {
			t.Fatal(err)
		}
		if got := answer(t, next.(*container)) + answer(t, first); got != "finefine" {
			t.Errorf("answers %q", got)
		}
		<-one.done
		for r.zygotes.forgive(); r.awaitFunctionZygote(t, sandbox.Spec{Function: f, Memory: 128 << 20}) == nil; r.zygotes.forgive() {
			time.Sleep(time.Millisecond)
		}
		answer(t, ofFunction(t, r, "later"+strconv.Itoa(i), f))
	}
}

// TestFunctionZygoteFrozen: one that is idle is frozen, thawed to fork, and can be killed.
func TestFunctionZygoteFrozen(t *testing.T) {
	r := newPooledRuntime(t, func(c *Config) { c.FreezeAfter = time.Millisecond })
	f := snapshotted(t, "def handler(e, c): return 'fine'\n")
	one := ofFunction(t, r, "c1", f).fork.zygote
	if !one.container.group.Freezes() {
		t.Skip("nothing is frozen here")
	}
	frozen := func() {
		for !one.container.Frozen() {
			if one.dead() {
				t.Fatal("it has ended: ", one.container.end.text)
			}
			time.Sleep(time.Millisecond)
		}
	}
	frozen()
	one.patience = time.Minute // also on a busy machine
	if next := ofFunction(t, r, "c2", f); next.fork.zygote != one || answer(t, next) != "fine" {
		t.Error("the next container is not its fork")
	}
	frozen()
	one.kill()
}

// forgive lets breeds be started again that have failed, as after a minute.
func (z *zygotes) forgive() {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, i := range z.breeds {
		i.failed = time.Time{}
	}
	poke(z.wake)
}

// TestNoFunctionZygote: a function that starts a thread, fails in its zygote, or takes more
// memory than there is, has none; its containers are made as ever.
func TestNoFunctionZygote(t *testing.T) {
	for name, does := range map[string]struct{ code, reason string }{
		"thread":  {"import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n", "has started a thread"},
		"fails":   {"import os\nif os.getuid(): raise ValueError('oh')\n", "ValueError: oh"},
		"exits":   {"import os\nif os.getuid(): os._exit(0)\n", "exited with code 0"},
		"memory":  {"import os\nif os.getuid(): x = bytearray(1 << 30)\n", "out of memory"},
		"threads": {"import os, threading, time\nwhile os.getuid(): threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n", "can't start new thread"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newPooledRuntime(t, nil)
			spec := sandbox.Spec{ID: "c1", Function: snapshotted(t, does.code+"def handler(e, c): return 'fine'\n"), Memory: 128 << 20}
			if one := r.awaitFunctionZygote(t, spec); one != nil {
				t.Errorf("it has a zygote")
			}
			c, err := r.Create(t.Context(), spec)
			if err != nil {
				t.Fatal(err)
			}
			if got := answer(t, c.(*container)); got != "fine" {
				t.Errorf("answer %q", got)
			}
			if got := c.(*container).phases.NoSnapshot; !strings.Contains(got, does.reason) {
				t.Errorf("the reason that is told is %q, want %q", got, does.reason)
			}
		})
	}
}

// TestHookFails: it is the function's error, with its reason, in the first container and in those
// that a zygote has forked.
func TestHookFails(t *testing.T) {
	r := newPooledRuntime(t, nil)
	f := snapshotted(t, "def after_restore(): raise KeyError('why')\ndef handler(e, c): return 'fine'\n")
	first, err := r.Create(t.Context(), sandbox.Spec{ID: "c0", Function: f, Memory: 128 << 20})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*container{first.(*container), ofFunction(t, r, "c1", f)} {
		result, err := c.Invoke(t.Context(), sandbox.Invocation{RequestID: "r", Event: []byte("{}"), Timeout: time.Minute})
		if err != nil || result.Error == nil || result.Error.Type != "KeyError" || !strings.Contains(result.Error.StackTrace, "main.py\", line 1, in after_restore") {
			t.Errorf("%+v, %v, want the hook's KeyError", result.Error, err)
		}
	}
}

// TestFunctionZygoteEnds: nothing of one is left that is not needed any more, its user and
// its helper neither; they stay as long as a sandbox of its house does.
func TestFunctionZygoteEnds(t *testing.T) {
	r := newPooledRuntime(t, nil)
	c := ofFunction(t, r, "c1", snapshotted(t, "def handler(e, c): return 'fine'\n"))
	one := c.fork.zygote
	limit, err := one.limit(r)
	if most := one.holds + zygoteRoom; err != nil || limit > most || limit < zygoteRoom {
		t.Errorf("its memory limit is %d, %v, want %d at most", limit, err, most)
	}
	for r.zygotes.age(2 * forgotten); !one.dead(); time.Sleep(time.Millisecond) {
		if t.Context().Err() != nil {
			t.Fatal("it does not end")
		}
		r.zygotes.age(2 * forgotten)
	}
	r.mu.Lock()
	home := one.home()
	kept := r.users[home.owner] && home.members > 0
	r.mu.Unlock()
	if !kept || answer(t, c) != "fine" {
		t.Error("its user can be another's while a sandbox belongs to it")
	}
	over := func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return home.over
	}
	for ; !over(); time.Sleep(time.Millisecond) { // a sandbox may have been on its way
		if t.Context().Err() != nil {
			t.Fatal("its helper lives on")
		}
		for _, c := range r.alive() {
			if err := c.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
}

// limit is the memory limit of a function's zygote.
func (z *zygote) limit(r *Runtime) (int64, error) {
	groups, err := filepath.Glob("/sys/fs/cgroup/memory/" + r.nodePath() + "/_zygote-*/memory.limit_in_bytes")
	if len(groups) == 0 {
		groups, err = filepath.Glob("/sys/fs/cgroup/" + r.nodePath() + "/_zygote-*/memory.max")
	}
	if err != nil {
		return 0, err
	}
	about, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(z.process.Pid), "cgroup"))
	if err != nil {
		return 0, err
	}
	at := slices.IndexFunc(groups, func(file string) bool {
		return strings.Contains(string(about), "/"+filepath.Base(filepath.Dir(file))+"\n")
	})
	if at < 0 {
		return 0, unix.ENOENT
	}
	text, err := os.ReadFile(groups[at])
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}

// TestZygoteGetsIntoNoAgent: from their birth on, when they still see the host's files, agents
// are closed to the zygote that may enter their sandboxes later.
func TestZygoteGetsIntoNoAgent(t *testing.T) {
	r := newPooledRuntime(t, func(c *Config) { c.ReadyShare = 0.5 })
	f := withCode(t, "births.py")
	f.Environment = map[string]string{"MARKER": r.state.path}
	first := ofFunction(t, r, "c0", f)
	for i := range 40 {
		c, err := r.fromScratch(sandbox.Spec{ID: fmt.Sprint("born", i), Function: f, Memory: 64 << 20}, first.house, r.mounts(filepath.Join(r.state.code(), emptyCode), ""))
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 { // others die while they are born
			if err := c.expectWorker(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	seen := zygoteSees(t, first)
	if tries := seen["tries"].(float64); tries < 100 {
		t.Errorf("it tried %v times: the test tests nothing", tries)
	}
	for _, what := range []string{"entered", "opened", "host"} {
		if seen[what].(float64) != 0 {
			t.Errorf("%s: %v times, want never", what, seen[what])
		}
	}
	t.Log(seen)
}
