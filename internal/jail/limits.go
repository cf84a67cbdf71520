package jail

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// openFiles is enough for any server and far from what the host has in all.
	openFiles = 4096
	// processesPerUser backs the cgroup's limit up where there is no cgroup; it
	// counts the threads of this user namespace alone.
	processesPerUser = 256
)

// limitResources sets limits of which no cgroup knows; processes is the limit
// of the user's processes, 0 for none.
//
// Core dumps get a limit of 1 byte, not 0: a host that pipes them into a
// program of its own ignores 0 and would run that program, as root, on memory
// the function wrote. It heeds 1. The filter denies changing it.
func limitResources(processes uint64) error {
	for _, l := range resourceLimits(processes) {
		var old syscall.Rlimit
		if err := syscall.Getrlimit(l.resource, &old); err != nil {
			return fmt.Errorf("get limit of %s: %w", l.name, err)
		}
		value := min(l.value, old.Max)
		// syscall's function, as it stops the Go runtime from restoring the old limit in children.
		if err := syscall.Setrlimit(l.resource, &syscall.Rlimit{Cur: value, Max: value}); err != nil {
			return fmt.Errorf("limit %s: %w", l.name, err)
		}
	}
	return nil
}

const coreLimit = 1

type resourceLimit struct {
	name     string
	resource int
	value    uint64
}

func resourceLimits(processes uint64) []resourceLimit {
	limits := []resourceLimit{
		{"core file size", unix.RLIMIT_CORE, coreLimit},
		{"open files", unix.RLIMIT_NOFILE, openFiles},
	}
	if processes > 0 {
		limits = append(limits, resourceLimit{"processes", unix.RLIMIT_NPROC, processes})
	}
	return limits
}
