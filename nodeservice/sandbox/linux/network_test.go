package linux

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/internal/tun"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/linux/egress/egresstest"
	"github.com/minifaas/minifaas/nodeservice/sandbox/sandboxtest"
)

// ownNetworkVariable is set in a test process that has a network of its own.
const ownNetworkVariable = "MINIFAAS_TEST_OWN_NETWORK"

// TestEgress: a function that asks for it reaches other machines, and nothing of this one.
func TestEgress(t *testing.T) {
	if isolationUnderTest() == Process {
		t.Skip("without namespaces each function has the host's network")
	}
	device, err := os.OpenFile(tun.Path, os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	device.Close()
	own := os.Getenv(ownNetworkVariable) != ""
	if os.Geteuid() == 0 && !own {
		for _, pool := range []string{"", poolVariable + "=1"} {
			cmd := exec.Command(os.Args[0], "-test.run=^TestEgress$", "-test.v")
			cmd.SysProcAttr = egresstest.OwnNetwork()
			again(t, cmd, ownNetworkVariable+"=1", pool)
		}
		return
	}
	r := newRuntime(t, nil)
	f := sandboxtest.Build(t).Function()
	f.Egress = true
	c := enterFunction(t, r, "c1", f, 256<<20)
	if own {
		other := egresstest.NewMachine(t)
		egresstest.PlugIn(t, other)
		for _, address := range []string{egresstest.Other, egresstest.Other6} {
			if got := c.try(t, "reach "+net.JoinHostPort(address, egresstest.Echo(t, other, address)))["end"]; got != "ok" {
				t.Errorf("another machine at %s: %s", address, got)
			}
		}
	}
	if own {
		want := map[string]string{"interfaces": "lo tun0", "192.0.2.1:80": "ECONNREFUSED", "[2001:db8::1]:80": "ECONNREFUSED", "loopback": "ok"}
		if diff := cmp.Diff(want, c.try(t, "network")); diff != "" {
			t.Errorf("with a device (-want +got):\n%s", diff)
		}
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	port := egresstest.Echo(t, nil, "0.0.0.0")
	for _, address := range addresses {
		host := address.(*net.IPNet).IP
		if got := c.try(t, "reach "+net.JoinHostPort(host.String(), port))["end"]; got == "ok" {
			t.Errorf("the host is reached at %s", host)
		}
	}
	event, _ := json.Marshal(sandboxtest.Event{Do: "reach 169.254.169.254:80"})
	if r, err := c.Invoke(t.Context(), sandbox.Invocation{Event: event, Timeout: time.Minute}); err != nil || !strings.Contains(r.Log, "169.254.169.254 is no address of another machine") {
		t.Errorf("the function's log says %q; %v", r.Log, err)
	}
	neighbour := enterContainer(t, r, "c2", 256<<20)
	if got := neighbour.try(t, "network")["interfaces"]; got != "lo" {
		t.Errorf("a function that did not ask for a network has %s", got)
	}
	if err := c.Kill(); err != nil {
		t.Error(err)
	}
	if n := devices(); n > 0 && r.pool == nil {
		t.Errorf("%d network devices outlive their container", n)
	}
}

// devices are the network devices whose other end this process has.
func devices() (n int) {
	files, _ := filepath.Glob("/proc/self/fd/*")
	for _, file := range files {
		if target, _ := os.Readlink(file); target == tun.Path {
			n++
		}
	}
	return n
}
