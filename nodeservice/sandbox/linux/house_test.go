package linux

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// TestDebrisEndsHouse: what a container has handed to its zygote's processes does not outlive
// it, whatever holds the memory.
func TestDebrisEndsHouse(t *testing.T) {
	for name, give := range map[string]string{
		"memory": `  memory = os.memfd_create('memory')
  os.posix_fallocate(memory, 0, 20 << 20)
  give(memory)
`,
		"pipes": `  memory = os.memfd_create('memory')
  os.write(memory, b'x' * (10 << 20))
  for part in range(10):
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 1 << 20)
    os.splice(memory, write, 1 << 20, offset_src=part << 20)
    give(read)
`,
		"sockets": `  server = socket.create_server(('127.0.0.1', 0))
  for _ in range(10):
    sender = socket.create_connection(server.getsockname())
    receiver = server.accept()[0]
    sender.setblocking(False)
    try:
      while True: sender.send(bytes(1 << 16))
    except BlockingIOError: pass
    give(receiver.fileno())
    give(sender.fileno())
`,
	} {
		t.Run(name, func(t *testing.T) { checkDebris(t, give) })
	}
}

func checkDebris(t *testing.T, give string) {
	r := newPooledRuntime(t, nil)
	f := snapshotted(t, `import fcntl, os, socket, time
kept, given = socket.socketpair()
if os.getuid() and not os.fork():
  if os.fork(): os._exit(0)
  files = []
  while True:
    files += socket.recv_fds(kept, 1, 4)[1]
if os.getuid(): os.wait()
def give(file): socket.send_fds(given, [b'x'], [file])
def handler(event, context):
`+give+`  return 'given'
`)
	c, next := ofFunction(t, r, "c1", f), ofFunction(t, r, "c2", f)
	answer(t, c)
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	for name, done := range map[string]<-chan struct{}{"the zygote": c.fork.zygote.done, "another container": next.Done()} {
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Errorf("%s lives on, with the memory", name)
		}
	}
	if _, err := r.Create(t.Context(), sandbox.Spec{ID: "c3", Function: f, Memory: 128 << 20}); err != nil {
		t.Errorf("the function's next container: %v", err)
	}
}

// TestHouseKeepsUsers: a user is nobody else's while a process of the house could still run as
// it, and a house that has had many is followed by another.
func TestHouseKeepsUsers(t *testing.T) {
	r := newPooledRuntime(t, nil)
	f := snapshotted(t, "def handler(e, c): return 'fine'\n")
	first := ofFunction(t, r, "c0", f)
	var users []int
	for i := range mostBirths {
		c, err := r.newContainer("born"+strconv.Itoa(i), 64<<20, kind{}, first.house)
		if err != nil {
			t.Fatal(err)
		}
		users = append(users, c.uid)
		c.abandon()
	}
	r.mu.Lock()
	for _, user := range users {
		if !r.users[user] {
			t.Errorf("user %d can be another's", user)
		}
	}
	r.mu.Unlock()
	for r.zygotes.forgive(); !first.fork.zygote.dead(); r.zygotes.forgive() {
		if t.Context().Err() != nil {
			t.Fatal("the zygote of the old house lives on")
		}
		time.Sleep(time.Millisecond)
	}
	if next := ofFunction(t, r, "c1", f); next.house == first.house || answer(t, next)+answer(t, first) != "finefine" {
		t.Error("the next container is in the old house, or one of both does not answer")
	}
	if err := first.Kill(); err != nil {
		t.Fatal(err)
	}
	for {
		r.mu.Lock()
		left := r.users[users[0]]
		r.mu.Unlock()
		if !left {
			break
		}
		if t.Context().Err() != nil {
			t.Fatal("the users of a house that is over are never given back")
		}
		time.Sleep(time.Millisecond)
	}
}

// TestHeld: it is the memory that a function takes.
func TestHeld(t *testing.T) {
	r := newPooledRuntime(t, nil)
	c := ofFunction(t, r, "c1", snapshotted(t, "def handler(e, c):\n  global y\n  y = bytearray(b'x') * (20 << 20)\n  return 'fine'\n"))
	before, err := c.group.Held()
	if err != nil {
		t.Skip(err)
	}
	answer(t, c)
	after, err := c.group.Held()
	if more := after - before; err != nil || more < 19<<20 || more > 24<<20 {
		t.Errorf("it holds %d bytes more, %v; want 20 MiB", more, err)
	}
}

// TestZygoteLeavesProcess: what a zygote puts into a container's cgroup does not outlive that,
// also where it puts in more and more.
func TestZygoteLeavesProcess(t *testing.T) {
	r := newPooledRuntime(t, nil)
	for name, more := range map[string]bool{"one": false, "ever more": true} {
		f := snapshotted(t, `import os, sys, time
zygote = sys.modules['__main__']
spawn = getattr(zygote, 'spawn', None)
def enter(groups):
  for group in groups: os.write(group, b'0')
  time.sleep(600)
def leave(*files):
  if not os.fork():
    if os.environ['MORE'] == 'false': enter(files[8:])
    while True:
      if not os.fork(): enter(files[8:])
      time.sleep(0.005)
  return spawn(*files)
zygote.spawn = leave
def handler(event, context): return 'fine'
`)
		f.Environment, f.Name.Function = map[string]string{"MORE": strconv.FormatBool(more)}, "leave"+strconv.FormatBool(more)
		c := ofFunction(t, r, "c"+strconv.FormatBool(more), f)
		answer(t, c)
		for processesIn(r, c) < 3 { // beside the agent and the worker
			if t.Context().Err() != nil {
				t.Fatalf("%s: the zygote's process does not get into the cgroup", name)
			}
			time.Sleep(time.Millisecond)
		}
		if err := c.Kill(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func processesIn(r *Runtime, c *container) int {
	for _, root := range []string{"/sys/fs/cgroup/memory", "/sys/fs/cgroup"} {
		if pids, err := os.ReadFile(filepath.Join(root, r.nodePath(), c.id, "cgroup.procs")); err == nil {
			return bytes.Count(pids, []byte("\n"))
		}
	}
	return 0
}

// TestZygoteStopsAgents: it can, those of its own sandboxes. Other functions' are made all the same.
func TestZygoteStopsAgents(t *testing.T) {
	r := newPooledRuntime(t, func(c *Config) { c.CreateConcurrency = 1 })
	f := snapshotted(t, `import os, signal, time
own = set(os.listdir('/proc')) # its own agent is among them
def stop():
  while True:
    for name in os.listdir('/proc'):
      if name.isdigit() and name not in own and open(f'/proc/{name}/comm').read().startswith('containerservic'):
        try: os.kill(int(name), signal.SIGSTOP)
        except OSError: pass
if os.getuid() and not os.fork():
  if os.fork(): os._exit(0)
  while True:
    try: stop()
    except OSError: pass
if os.getuid(): os.wait()
def handler(event, context): return 'fine'
`)
	spec := sandbox.Spec{ID: "stopped", Function: f, Memory: 128 << 20}
	if r.awaitFunctionZygote(t, spec) == nil {
		t.Fatal("the function has no zygote")
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if c, err := r.Create(ctx, spec); err == nil {
			_ = c.Kill()
		}
	}()
	for r.creations.idle(time.Now()) {
		time.Sleep(time.Millisecond)
	}
	other, err := r.Create(t.Context(), sandbox.Spec{ID: "other", Function: script(t, "other", function.Python3, "main.py", "def handler(e, c): return 'fine'\n"), Memory: 128 << 20})
	if err != nil {
		t.Fatal(err)
	}
	// A helper that hangs is given 10 s, and an agent 20.
	if waited := other.(*container).phases.Wait; waited > 8*time.Second {
		t.Errorf("the other function's container had its turn after %v, want %v", waited, longLoad)
	}
	if got := answer(t, other.(*container)); got != "fine" {
		t.Errorf("answer %q", got)
	}
	cancel()
	<-ended
}

// TestCloseDoesNotAwaitHelper: one that hangs, as a function's zygote can bring about, is given
// 10 s for an order; a node that ends does not wait for that.
func TestCloseDoesNotAwaitHelper(t *testing.T) {
	r := newPooledRuntime(t, nil)
	f := snapshotted(t, "def handler(event, context): return 'fine'\n")
	first := ofFunction(t, r, "c1", f)
	if err := syscall.Kill(parentOf(t, first.agent.process.Pid), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	for id := range 2 { // the first one may be in reserve
		go func() {
			_, err := r.Create(t.Context(), sandbox.Spec{ID: "stuck" + strconv.Itoa(id), Function: f, Memory: 128 << 20})
			ended <- err
		}()
	}
	for r.unborn(first.house) == 0 {
		if t.Context().Err() != nil {
			t.Fatal("nothing waits for the helper")
		}
		time.Sleep(time.Millisecond)
	}
	begun := time.Now()
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("the node took %v to close, want the 2 s that a helper has to end", took)
	}
	<-ended
	<-ended
}

// unborn counts the containers of the house whose agents have not been started yet.
func (r *Runtime) unborn(h *house) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	count := h.members
	for c := range r.containers {
		if c.house == h {
			count--
		}
	}
	return count
}

func parentOf(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		t.Fatal(err)
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:]) // state, parent
	parent, err := strconv.Atoi(string(fields[1]))
	if err != nil || parent <= 1 {
		t.Fatalf("the parent of %d: %s, %v", pid, text, err)
	}
	return parent
}
