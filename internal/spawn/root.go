package spawn

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// place is where a thread's paths begin.
type place struct {
	apart        bool // its root is not that of the other threads
	mounts, root int  // descriptors of its mount namespace and root, if apart
}

// standApart lets the calling thread have a root that the others do not share.
func (p *place) standApart() (err error) {
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("leave the other threads: %w", err)
	}
	if p.mounts, err = unix.Open("/proc/thread-self/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		return fmt.Errorf("find mounts: %w", err)
	}
	if p.root, err = unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0); err != nil {
		return fmt.Errorf("find root: %w", err)
	}
	p.apart = true
	return nil
}

// enter goes into a mount namespace, and to its root. There /proc must be that of the helper's
// processes, as a child's user ids are written to it. Where no order has a root of its own, nothing
// is done that a host without namespaces might refuse.
func (p *place) enter(mounts int) error {
	if !p.apart {
		if err := p.standApart(); err != nil {
			return err
		}
	}
	return unix.Setns(mounts, unix.CLONE_NEWNS)
}

// leave undoes enter.
func (p *place) leave() error {
	if err := unix.Setns(p.mounts, unix.CLONE_NEWNS); err != nil {
		return err
	}
	if err := unix.Fchdir(p.root); err != nil {
		return err
	}
	return unix.Chroot(".")
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}
