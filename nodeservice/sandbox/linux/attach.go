package linux

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/jail"
	"github.com/minifaas/minifaas/internal/wire"
)

// attach mounts folders, read-only, in the mount namespace of a sandbox that shut
// itself in before it was known for which function, and names it if there is a name. It needs root: the
// sandbox itself has no right to that any more.
func (a *agent) attach(mounts []*wire.Mount, hostname string) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == os.Getpid() {
			// The process's first thread never ends, and it would stay there. While it
			// is locked, another one is found.
			defer runtime.UnlockOSThread()
			done <- a.attach(mounts, hostname)
			return
		}
		// Never unlocked: the thread can't come back from where it goes, so it ends.
		done <- a.enterAndMount(mounts, hostname)
	}()
	return <-done
}

func (a *agent) enterAndMount(mounts []*wire.Mount, hostname string) error {
	// A mount namespace is entered by a thread that shares its root with no other.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("leave the other threads: %w", err)
	}
	trees := make([]int, 0, len(mounts))
	defer func() {
		for _, tree := range trees {
			unix.Close(tree)
		}
	}()
	for _, m := range mounts {
		tree, err := readOnly(m.Source)
		if err != nil {
			return err
		}
		trees = append(trees, tree)
	}
	var entered error
	if err := a.process.WithHandle(func(pidfd uintptr) {
		entered = unix.Setns(int(pidfd), unix.CLONE_NEWNS|unix.CLONE_NEWUTS)
	}); errors.Is(err, os.ErrProcessDone) || err != nil {
		return fmt.Errorf("find sandbox: %w", err)
	}
	if entered != nil {
		return fmt.Errorf("enter namespaces: %w", entered)
	}
	for i, tree := range trees {
		if err := unix.MoveMount(tree, "", unix.AT_FDCWD, mounts[i].Target, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
			return fmt.Errorf("mount at %s: %w", mounts[i].Target, err)
		}
	}
	if hostname == "" {
		return nil
	}
	return jail.Rename(hostname)
}

// readOnly is a mount of the folder that is nowhere yet.
func readOnly(folder string) (tree int, err error) {
	tree, err = unix.OpenTree(unix.AT_FDCWD, folder, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return -1, fmt.Errorf("clone mount of %s: %w", folder, err)
	}
	err = unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH, &unix.MountAttr{
		Attr_set:    unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV,
		Propagation: unix.MS_PRIVATE,
	})
	if err != nil {
		unix.Close(tree)
		return -1, fmt.Errorf("make mount of %s read-only: %w", folder, err)
	}
	return tree, nil
}
