package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// portBase is a base whose ports no other minifaas process takes until it is
// released. The kernel releases that of a process that dies.
type portBase struct {
	base int
	lock *os.File
}

// The bases to choose from. Their ports stay below 32768, from where on the kernel gives
// ports to outgoing connections, and those of two bases never overlap.
const (
	firstBase = 20000
	lastBase  = 31000
	baseStep  = 1000
)

// takePortBase finds a base of which the services' ports are free. It begins
// anywhere: a platform with a base given takes no lock, and may still be starting.
func takePortBase() (*portBase, error) {
	const bases = (lastBase-firstBase)/baseStep + 1
	begin := rand.IntN(bases)
	var faults []error
	for i := range bases {
		taken, err := lockPortBase(firstBase + baseStep*((begin+i)%bases))
		switch {
		case errors.Is(err, unix.EWOULDBLOCK):
		case err != nil:
			faults = append(faults, err)
		case portsFree(taken.base):
			return taken, nil
		default:
			taken.release()
		}
	}
	faults = append(faults, fmt.Errorf("none of the port bases from %d to %d is free: stop other platforms", firstBase, lastBase))
	return nil, errors.Join(faults...)
}

// lockPortBase locks a base by a file that all users of the machine share, and that is
// never removed: somebody might lock it meanwhile. The error wraps EWOULDBLOCK when
// another has it.
func lockPortBase(base int) (*portBase, error) {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("minifaas-ports-%d.lock", base))
	const flags = os.O_RDONLY | unix.O_NOFOLLOW
	// Only a file that is missing is created: in a folder that all may write to
	// the kernel may refuse to create one that is another user's.
	file, err := os.OpenFile(path, flags, 0)
	if errors.Is(err, fs.ErrNotExist) {
		if file, err = os.OpenFile(path, flags|os.O_CREATE, 0o644); err == nil {
			_ = file.Chmod(0o644) // whatever the umask; not ours if another was faster
		}
	}
	if err != nil {
		return nil, fmt.Errorf("lock port base: %w", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("lock port base %s: %w", path, err)
	}
	return &portBase{base: base, lock: file}, nil
}

// release lets others take the base.
func (b *portBase) release() { b.lock.Close() }

func portsFree(base int) bool {
	for _, offset := range []int{nodePorts, resourceManagerPort, apiserverPort, schedulerPort, metricsPort} {
		lis, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(base+offset)))
		if err != nil {
			return false
		}
		lis.Close()
	}
	return true
}
