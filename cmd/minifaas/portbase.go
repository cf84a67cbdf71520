package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"

	"golang.org/x/sys/unix"
)

// portBase is a base whose ports no other minifaas process takes until it is
// released. The kernel releases that of a process that dies.
type portBase struct {
	base int
	lock io.Closer
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
		case errors.Is(err, unix.EADDRINUSE):
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

// lockPortBase locks a base by a socket whose name is in no file system: it is seen by
// all who share our ports, and leaves nothing behind. The error wraps EADDRINUSE when
// another has it.
func lockPortBase(base int) (*portBase, error) {
	lock, err := net.Listen("unix", fmt.Sprintf("@minifaas-ports-%d", base))
	if err != nil {
		return nil, fmt.Errorf("lock port base %d: %w", base, err)
	}
	return &portBase{base: base, lock: lock}, nil
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
