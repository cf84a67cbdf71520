// Package egresstest makes machines for tests: threads in networks of their own, on a wire to
// the test's process, which plays the host.
package egresstest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// inside is set in the process that plays the host, in a network of its own.
const inside = "MINIFAAS_TEST_INSIDE"

// Run runs the tests in a network namespace, which is their host, so that nothing outside of it is
// changed, and no root is needed. It returns the exit code.
func Run(m *testing.M) int {
	if os.Getenv(inside) != "" {
		return m.Run()
	}
	attributes := OwnNetwork()
	attributes.Cloneflags |= syscall.CLONE_NEWUSER
	attributes.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
	attributes.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	again := exec.Command("/proc/self/exe", os.Args[1:]...)
	again.Env = append(os.Environ(), inside+"=1")
	again.Stdout, again.Stderr = os.Stdout, os.Stderr
	again.SysProcAttr = attributes
	err := again.Run()
	if exit, failed := errors.AsType[*exec.ExitError](err); failed {
		return exit.ExitCode()
	}
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EINVAL) {
		fmt.Println("skipped: this host allows no user namespaces:", err)
		return 0
	}
	if err != nil {
		fmt.Println("run the tests in a network of their own:", err)
		return 1
	}
	return 0
}

// OwnNetwork is for a process that is to have no other network.
func OwnNetwork() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
}

// Machine is a thread in a network of its own.
type Machine struct {
	namespace int // a descriptor
	orders    chan func()
}

// NewMachine makes one that is connected to nothing.
func NewMachine(t testing.TB) *Machine {
	t.Helper()
	m := &Machine{orders: make(chan func())}
	ready := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked, so that the thread ends with its goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			m.namespace, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		}
		ready <- err
		for order := range m.orders {
			order()
		}
	}()
	if err := <-ready; err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		close(m.orders)
		unix.Close(m.namespace)
	})
	m.Do(func() { up(t, "lo") })
	return m
}

// Do runs there what must not start goroutines that open sockets.
func (m *Machine) Do(order func()) {
	done := make(chan struct{})
	m.orders <- func() {
		defer close(done)
		order()
	}
	<-done
}

// Dial connects from there.
func (m *Machine) Dial(network, address string) (conn net.Conn, err error) {
	m.Do(func() { conn, err = net.Dial(network, address) })
	return conn, err
}

// Addresses of the host, and of the other machine on its wire.
const (
	Host, Other   = "198.51.100.1", "198.51.100.2"
	Host6, Other6 = "2001:db8::1", "2001:db8::2"
)

// PlugIn connects the machine to the host.
func PlugIn(t testing.TB, m *Machine) {
	t.Helper()
	up(t, "lo")
	wire := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "wire"}, PeerName: "wire", PeerNamespace: netlink.NsFd(m.namespace)}
	Must(t, netlink.LinkAdd(wire))
	t.Cleanup(func() { Must(t, netlink.LinkDel(wire)) })
	address(t, Host+"/24", Host6+"/64")
	m.Do(func() { address(t, Other+"/24", Other6+"/64") })
}

func address(t testing.TB, addresses ...string) {
	t.Helper()
	link, err := netlink.LinkByName("wire")
	Must(t, err)
	for _, a := range addresses {
		parsed, err := netlink.ParseAddr(a)
		Must(t, err)
		parsed.Flags = unix.IFA_F_NODAD
		Must(t, netlink.AddrAdd(link, parsed))
	}
	up(t, "wire")
}

func up(t testing.TB, name string) {
	t.Helper()
	link, err := netlink.LinkByName(name)
	Must(t, err)
	Must(t, netlink.LinkSetUp(link))
}

// Must fails the test, also outside of its goroutine.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
		runtime.Goexit()
	}
}
