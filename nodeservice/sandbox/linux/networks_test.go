package linux

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/sandboxtest"
)

// network is what the kernel calls a container's network namespace.
func network(t *testing.T, c inside) string {
	t.Helper()
	name, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", c.agent.process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// TestNetworks: a container has the network of one that has ended only if that was of the same
// account, and nothing happened in it; and that is as good as a new one.
func TestNetworks(t *testing.T) {
	r := newRuntime(t, func(c *Config) { c.Ready = -1 })
	if r.networks == nil {
		t.Skip("needs root and namespaces")
	}
	f := sandboxtest.Build(t).Function()
	enter := func(id, account string) inside {
		f.Name.Account = account
		return enterFunction(t, r, id, f, 64<<20)
	}
	kill := func(c inside) {
		if err := c.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	for did, kept := range map[string]bool{
		"files":                  true,
		"network":                false, // over its loopback
		"reach 192.0.2.1:80":     false, // which leads nowhere
		"reach [2001:db8::1]:80": false,
	} {
		first := enter("first", "a")
		left := network(t, first)
		neighbour := enter("neighbour", "a")
		if network(t, neighbour) == left {
			t.Errorf("%s: two that live share a network", did)
		}
		first.try(t, did)
		kill(first)
		other := enter("other", "b")
		if network(t, other) == left {
			t.Errorf("%s: another account has the network", did)
		}
		next := enter("next", "a")
		if got := network(t, next) == left; got != kept {
			t.Errorf("%s: the next has the network: %v, want %v", did, got, kept)
		}
		if got := next.try(t, "network"); got["loopback"] != "ok" || got["interfaces"] != "lo" {
			t.Errorf("%s: the next finds %v", did, got)
		}
		for _, c := range []inside{neighbour, other, next} {
			c.try(t, "network") // so that it leaves none
			kill(c)
		}
	}
}

// TestNetworkOfAFalseStart: a sandbox that ends before its agent has raised the loopback leaves none, as
// those that had it could not raise it either, and would leave it to the next.
func TestNetworkOfAFalseStart(t *testing.T) {
	r := newRuntime(t, func(c *Config) { c.Ready = -1 })
	if r.networks == nil {
		t.Skip("needs root and namespaces")
	}
	made := make(chan *os.File)
	go func() {
		runtime.LockOSThread() // never unlocked: it ends with its network
		defer close(made)
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			t.Error(err)
			return
		}
		namespace, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			t.Error(err)
			return
		}
		made <- namespace
	}()
	r.networks.keep("a", <-made)
	if r.networks.take("a") != nil {
		t.Error("a network whose loopback is down is kept")
	}
	f := sandboxtest.Build(t).Function()
	f.Name.Account = "a"
	c, err := r.newContainer("false", 64<<20, plainKind(sandbox.Spec{Function: f}), nil)
	if err != nil {
		t.Fatal(err)
	}
	c.account = "a"
	if err := c.start(r.mounts(t.TempDir()+"/nowhere", "")); err == nil {
		t.Fatal("a folder was mounted that is not there")
	}
	enterFunction(t, r, "next", f, 64<<20).try(t, "network")
}

// TestNetworksInReserve: sandboxes with a tenant's workers wait in networks that it has left.
func TestNetworksInReserve(t *testing.T) {
	r := newPooledRuntime(t, nil)
	c := forked(t, r, "c1", ownedBy("a", script(t, "f", function.Python3, "main.py", "def handler(e, c): return 'fine'\n")))
	answer(t, c)
	z, left := c.fork.zygote, network(t, inside{c})
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	// That of before may have been ready already, and have another.
	if _, err := r.prepareSandbox("next", kind{runtime: function.Python3, zygote: z}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		for _, c := range r.alive() {
			if name, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", c.agent.process.Pid)); name == left {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("no sandbox has the network")
		}
	}
}

func TestNetworksAreBounded(t *testing.T) {
	n := &networks{}
	for i := range mostNetworks + 1 {
		file, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		n.add(fmt.Sprint(i), file)
	}
	defer n.close()
	if first := n.take("0"); first != nil {
		t.Error("the oldest is still there")
	}
	if last := n.take(fmt.Sprint(mostNetworks)); last == nil {
		t.Error("the newest is not there")
	} else {
		last.Close()
	}
}
