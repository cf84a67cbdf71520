package spawn

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// place is where a thread is in: what it comes back to.
type place struct {
	apart bool  // its root is not that of the other threads
	own   []int // descriptors of the namespaces that it may leave for others, if apart
	root  int   // that of its root, if apart
}

// standApart lets the calling thread have a root that the others do not share.
func (p *place) standApart() (err error) {
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("leave the other threads: %w", err)
	}
	for _, name := range []string{"mnt", "net"} {
		own, err := unix.Open("/proc/thread-self/ns/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("find own namespace: %w", err)
		}
		p.own = append(p.own, own)
	}
	if p.root, err = unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0); err != nil {
		return fmt.Errorf("find root: %w", err)
	}
	p.apart = true
	return nil
}

// enter goes into namespaces, and to the root of one of mounts. There /proc must be that of the helper's
// processes, as a child's user ids are written to it. Where no order has namespaces, nothing
// is done that a host without them might refuse.
func (p *place) enter(namespaces []int) error {
	if len(namespaces) > 0 && !p.apart {
		if err := p.standApart(); err != nil {
			return err
		}
	}
	for _, namespace := range namespaces {
		if err := unix.Setns(namespace, 0); err != nil {
			return err
		}
	}
	return nil
}

// leave undoes enter, also where that went only part of the way.
func (p *place) leave() error {
	if !p.apart {
		return nil
	}
	for _, own := range p.own {
		if err := unix.Setns(own, 0); err != nil {
			return err
		}
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
