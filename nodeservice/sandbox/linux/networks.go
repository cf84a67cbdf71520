package linux

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// networks are the network namespaces of containers that have ended, for later ones of the same
// account: to make and remove one is a tenth of the CPU that a container takes. Only those are kept in
// which nothing has happened: a function has no right to configure one, not even its loopback, and what it
// sends or leaves there shows. No two containers that live share one.
type networks struct {
	untouched string // what one shows when nothing has happened

	mu   sync.Mutex // guards left
	left []leftNetwork
}

type leftNetwork struct {
	account   string
	namespace *os.File
}

// mostNetworks bounds what waits; each takes 0.3 MB of the kernel's memory. The oldest go first.
const mostNetworks = 16

// newNetworks learns how one looks from that of a sandbox that has ended, and has run nothing. It closes it.
func newNetworks(namespace *os.File) (*networks, error) {
	defer namespace.Close()
	untouched, err := traces(namespace)
	if err != nil {
		return nil, err
	}
	return &networks{untouched: untouched}, nil
}

// take returns one that the account's own container has left; nil where there is none.
func (n *networks) take(account string) *os.File {
	if n == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, left := range slices.Backward(n.left) {
		if left.account == account {
			n.left = slices.Delete(n.left, i, i+1)
			return left.namespace
		}
	}
	return nil
}

// keep takes over the network of a container of that account, all of whose processes are dead. It may be nil.
func (n *networks) keep(account string, namespace *os.File) {
	if n == nil || account == "" || namespace == nil || !n.isUntouched(namespace) {
		namespace.Close()
		return
	}
	n.add(account, namespace)
}

func (n *networks) add(account string, namespace *os.File) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.left = append(n.left, leftNetwork{account, namespace})
	if len(n.left) > mostNetworks {
		n.left[0].namespace.Close()
		n.left = slices.Delete(n.left, 0, 1)
	}
}

func (n *networks) close() {
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, left := range n.left {
		left.namespace.Close()
	}
	n.left = nil
}

func (n *networks) isUntouched(namespace *os.File) bool {
	found, err := traces(namespace)
	return err == nil && found == n.untouched
}

// traces is all that processes without rights can change in a network. It is looked at from inside, as
// nobody is there any more.
func traces(namespace *os.File) (found string, err error) {
	runtime.LockOSThread()
	own, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return "", fmt.Errorf("find own network: %w", err)
	}
	defer own.Close()
	if err = unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); err == nil {
		found, err = readTraces()
	}
	if back := unix.Setns(int(own.Fd()), unix.CLONE_NEWNET); back != nil {
		return "", fmt.Errorf("leave network: %w", back) // still locked, so that nobody else gets the thread
	}
	runtime.UnlockOSThread()
	return found, err
}

// tracesIn are the files of what has gone through the interface, what protocols have counted, labels of
// flows, which outlive their sockets, and how many sockets there are.
var tracesIn = []string{"dev", "snmp", "snmp6", "netstat", "ip6_flowlabel", "sockstat"}

func readTraces() (string, error) {
	folder, err := unix.Open("/proc/thread-self/net", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", fmt.Errorf("look at network: %w", err)
	}
	defer unix.Close(folder)
	found := make([]byte, 0, 16<<10)
	for _, name := range tracesIn {
		file, err := unix.Openat(folder, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == unix.ENOENT {
			continue // a kernel may be without version 6
		}
		if err != nil {
			return "", fmt.Errorf("look at network: open %s: %w", name, err)
		}
		n, err := unix.Read(file, found[len(found):cap(found)])
		unix.Close(file)
		if err != nil {
			return "", fmt.Errorf("look at network: read %s: %w", name, err)
		}
		if found = found[:len(found)+n]; len(found) == cap(found) {
			return "", errors.New("look at network: it shows more than expected")
		}
	}
	// All but the first line of sockstat are the whole machine's in part.
	sockets := bytes.LastIndex(found, []byte("sockets:"))
	end := bytes.IndexByte(found[max(sockets, 0):], '\n')
	if sockets < 0 || end < 0 {
		return "", errors.New("look at network: sockstat does not tell of sockets")
	}
	flags, err := loopbackFlags()
	return fmt.Sprintf("%s\nlo: %#x", found[:sockets+end], flags), err
}

// loopbackFlags tell whether it is up: it is not in the network of a sandbox that has ended before its
// agent raised it, and another one's would have no right to.
func loopbackFlags() (uint16, error) {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("look at loopback: open socket: %w", err)
	}
	defer unix.Close(socket)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return 0, fmt.Errorf("look at loopback: %w", err)
	}
	if err := unix.IoctlIfreq(socket, unix.SIOCGIFFLAGS, request); err != nil {
		return 0, fmt.Errorf("look at loopback: %w", err)
	}
	return request.Uint16(), nil
}
