package spawn

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// same leaves a user id as it is.
const same = ^uintptr(0)

// assume makes the calling thread one of the user, without losing a capability: the user
// namespaces that it makes belong to that user. What is born into one begins with none of this.
//
// With a change of user the kernel also closes the helper's memory, which a child has until it
// executes its program, to all who have no rights over the helper (fs.suid_dumpable must not be 1).
func assume(user int) error {
	const noFixup = 1 << 2 // SECBIT_NO_SETUID_FIXUP
	if err := unix.Prctl(unix.PR_SET_SECUREBITS, noFixup, 0, 0, 0); err != nil {
		return err
	}
	if err := setEffective(user); err != nil {
		resign()
		return err
	}
	return nil
}

// resign undoes assume. It must not fail: the next child would have what is not its own.
func resign() {
	err := setEffective(0)
	if err == nil {
		err = unix.Prctl(unix.PR_SET_SECUREBITS, 0, 0, 0, 0)
	}
	if err != nil {
		panic(fmt.Sprintf("spawn: become root again: %v", err))
	}
}

// setEffective is for the thread alone, where the function of that name is for all.
func setEffective(user int) error {
	if _, _, errno := syscall.RawSyscall(unix.SYS_SETRESUID, same, uintptr(user), same); errno != 0 {
		return errno
	}
	return nil
}

// ownProc covers /proc by that of the own pid namespace, in the own mount namespace: by the
// other one a child's number would lead to somebody else's process.
func ownProc() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return fmt.Errorf("spawn: keep mounts to itself: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("spawn: mount proc: %w", err)
	}
	return nil
}
