// Package jail shuts the calling process into a sandbox. The agent calls Enter
// once, first thing in main, and never leaves.
//
// With namespaces, the parent has made the process the first of user, pid,
// mount, network, ipc and uts namespaces of its own, as root of that user
// namespace. Enter gives it a root of read-only bind mounts, a private /tmp and
// no capabilities. A function's zygote has all but the user namespace, and becomes a user of
// the host's that has no rights. Without namespaces it can only take things away: new
// privileges, system calls and, by landlock, files. Both end in the same seccomp filter.
//
// The contract of the caller:
//   - The program is built without cgo: what Linux keeps for each thread must
//     reach every thread of the Go runtime, and only then can it.
//   - Enter marks all files from descriptor 3 up as close-on-exec, so that no
//     child inherits one unless it is passed on purpose.
//   - Children are forked inside Fork only, else they keep rights.
//   - With namespaces the caller is pid 1 of the sandbox: it reaps what its
//     children leave behind, and when it ends the kernel kills everything else in there.
//   - The caller's memory is closed to its children; their own is open to it.
//     What /proc shows of the caller itself may be unreadable for it.
//   - RLIMIT_CORE can't be changed afterwards, by anybody (see limitResources).
package jail

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/wire"
)

// Enter shuts the process in as spec says. After an error the process is half
// shut in and must exit. It is not safe for concurrent use with anything.
func Enter(spec *wire.SandboxSpec) error {
	if err := unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("close files on exec: %w (needs Linux 5.11 or newer)", err)
	}
	if spec.Isolation == wire.IsolationProcess {
		return enterProcess(spec)
	}
	return enterNamespaces(spec)
}

func enterNamespaces(spec *wire.SandboxSpec) error {
	if spec.Egress {
		if err := giveDevice(); err != nil {
			return err
		}
	}
	if err := changeRoot(spec); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(spec.Hostname)); err != nil {
		return fmt.Errorf("set host name: %w", err)
	}
	if err := raiseLoopback(); err != nil {
		return err
	}
	if err := limitResources(processesPerUser); err != nil {
		return err
	}
	return shut(spec, func() error {
		if err := emptyBounding(); err != nil {
			return err
		}
		if spec.HostUser != 0 {
			return nil
		}
		return restrict(namespaceRules...)
	})
}

func enterProcess(spec *wire.SandboxSpec) error {
	if err := os.Chdir(spec.Root); err != nil {
		return fmt.Errorf("enter own folder: %w", err)
	}
	if err := os.Setenv("TMPDIR", spec.Root); err != nil {
		return fmt.Errorf("set TMPDIR: %w", err)
	}
	// What a function leaves behind becomes the agent's child, so that whoever
	// kills the sandbox finds it below the agent.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("adopt orphans: %w", err)
	}
	// The user's other processes count against the same limit, so none is set.
	if err := limitResources(0); err != nil {
		return err
	}
	// Having no capabilities to begin with, it may not empty its bounding set;
	// without new privileges, what is in there is worthless.
	return shut(spec, func() error { return landlockProcess(spec) })
}

// shut takes all rights away: first, by children, those that only the thread
// needs to lose from which they are forked, then the others, on all threads.
func shut(spec *wire.SandboxSpec, children func() error) (err error) {
	openForks()
	Fork(func() {
		if err = forbidNewPrivileges(); err == nil {
			err = children()
		}
	})
	if err != nil {
		return err
	}
	if user := int(spec.HostUser); user != 0 {
		if err := becomeUser(user); err != nil {
			return err
		}
	}
	if err := dropCapabilities(); err != nil {
		return err
	}
	return filterCalls(spec.Filter)
}
