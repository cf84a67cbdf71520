package jail

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// forbidNewPrivileges: no execve gives what the calling thread does not have. Landlock
// and seccomp ask for it, and filterCalls gives it to all threads.
func forbidNewPrivileges() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("forbid new privileges: %w", err)
	}
	return nil
}

// Bits of PR_SET_SECUREBITS: being root gives no capabilities, changing the
// user id neither, nothing is kept or raised, and all of that is final.
const securebits = 1<<0 | 1<<1 | 1<<2 | 1<<3 | // no root, locked; no fixup, locked
	1<<5 | // keep-caps off, locked
	1<<6 | 1<<7 // no ambient raise, locked

// emptyBounding empties the calling thread's bounding set, from which an execve
// could take, and locks the rules by which root is special.
func emptyBounding() error {
	for c := uintptr(0); ; c++ {
		err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
		if err == unix.EINVAL && c > 0 {
			break // the kernel has no more
		}
		if err != nil {
			return fmt.Errorf("drop capability %d from the bounding set: %w", c, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_SECUREBITS, securebits, 0, 0, 0); err != nil {
		return fmt.Errorf("lock secure bits: %w", err)
	}
	return nil
}

// becomeUser is for all threads, and final.
func becomeUser(user int) error {
	if err := syscall.Setgroups(nil); err != nil {
		return fmt.Errorf("leave groups: %w", err)
	}
	if err := syscall.Setresgid(user, user, user); err != nil {
		return fmt.Errorf("become group %d: %w", user, err)
	}
	if err := syscall.Setresuid(user, user, user); err != nil {
		return fmt.Errorf("become user %d: %w", user, err)
	}
	return nil
}

// dropCapabilities gives up every capability for good, on all threads.
func dropCapabilities() error {
	// Closed to ptrace and /proc/<pid>/mem of the function, which has the same
	// user id. Executing a program opens it again, for that program alone.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("close own memory: %w", err)
	}
	// The ambient ones go with those of which they are part.
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	// They are a thread's own, and goroutines move between threads. The runtime stops all for
	// it, which takes 0.3 ms: what else is for all threads comes with the filter.
	_, _, errno := syscall.AllThreadsSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none)), 0)
	switch errno {
	case 0:
		return nil
	case syscall.ENOTSUP:
		return fmt.Errorf("drop capabilities: %w: the agent must be built with CGO_ENABLED=0", errno)
	}
	return fmt.Errorf("drop capabilities: %w", errno)
}
