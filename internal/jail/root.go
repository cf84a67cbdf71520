package jail

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/wire"
)

// systemFolders hold the host's programs and libraries.
var systemFolders = []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}

const (
	defaultTmpBytes = 64 << 20
	shmBytes        = 16 << 20
	// bytesPerInode keeps a full /tmp of tiny files from costing more memory
	// than one of large files: an inode of tmpfs takes about 1 KiB.
	bytesPerInode = 4096
)

// ownProgram is the descriptor by which an agent was started that finds its root laid out.
const ownProgram = 5

// changeRoot makes a root for the process: built from bind mounts and read-only as a whole,
// then covered where it must be writable. No path leads to the host's root any more.
func changeRoot(spec *wire.SandboxSpec) error {
	defer openAll()()
	if spec.Layout == wire.LayoutShared {
		if err := cover("/", spec); err != nil {
			return err
		}
		return errors.Join(unix.Close(ownProgram), enterTmp())
	}
	root := spec.Root
	if err := lay(root, spec.Mounts); err != nil {
		return err
	}
	if err := cover(root, spec); err != nil {
		return err
	}
	return pivot(root)
}

// openAll lets what is made have the mode that it is made with, until it is undone. A root may
// belong to root, and sandboxes are of other users: a node's umask of 077 would shut them out.
func openAll() (undo func()) {
	old := unix.Umask(0)
	return func() { unix.Umask(old) }
}

// Lay lays out what all sandboxes' roots have in common, in a mount namespace of the
// process's own, of which others begin with a copy. The process is root.
func Lay(spec *wire.SandboxSpec) error {
	defer openAll()()
	root := spec.Root
	if err := lay(root, spec.Mounts); err != nil {
		return err
	}
	// A user namespace may mount its own proc only where it sees one, and whoever makes it finds
	// it by this one. Should a sandbox ever get at what its own covers, it sees its own processes.
	if err := mountProc(root, "subset=pid,hidepid=ptraceable"); err != nil {
		return fmt.Errorf("mount proc: %w", err)
	}
	return pivot(root)
}

// lay builds the part of a root that is read-only.
func lay(root string, mounts []*wire.Mount) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := mountTmpfs(root, "mode=0755,size=1m,nr_inodes=1024", 0); err != nil {
		return err
	}
	if err := fill(root, mounts); err != nil {
		return err
	}
	if err := unix.MountSetattr(-1, root, unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: sealed}); err != nil {
		return fmt.Errorf("make root read-only: %w (needs Linux 5.12 or newer)", err)
	}
	return bindDevices(root)
}

// sealed are the attributes of what a sandbox only reads.
const sealed = unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV

// fill puts everything that is to be read-only below root, and the mount points of the rest.
func fill(root string, mounts []*wire.Mount) error {
	for _, folder := range []string{"etc", "dev", "dev/shm", "proc", "run", "tmp", "var", "var/task", "var/compiled"} {
		if err := mountPoint(filepath.Join(root, folder), true); err != nil {
			return err
		}
	}
	if err := os.Symlink("/tmp", filepath.Join(root, "var/tmp")); err != nil {
		return fmt.Errorf("link /var/tmp: %w", err)
	}
	for _, path := range append(append([]string{}, systemFolders...), configuration...) {
		if err := mirror(root, path); err != nil {
			return err
		}
	}
	if err := writeConfiguration(root); err != nil {
		return err
	}
	for _, m := range mounts {
		info, err := os.Stat(m.Source)
		if err != nil {
			return fmt.Errorf("bind mount: %w", err)
		}
		if err := bind(m.Source, filepath.Join(root, m.Target), info.IsDir()); err != nil {
			return err
		}
	}
	return fillDev(root)
}

// mirror shows the host's path in the new root: a symlink as a symlink, anything else bound.
func mirror(root, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("mirror: %w", err)
	}
	if info.Mode()&os.ModeSymlink == 0 {
		return bind(path, filepath.Join(root, path), info.IsDir())
	}
	to, err := os.Readlink(path)
	if err == nil {
		err = os.Symlink(to, filepath.Join(root, path))
	}
	if err != nil {
		return fmt.Errorf("mirror: %w", err)
	}
	return nil
}

// bind mounts source, with all that is mounted below it, at target, which it creates.
func bind(source, target string, folder bool) error {
	if err := mountPoint(target, folder); err != nil {
		return err
	}
	if err := unix.Mount(source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("bind %s at %s: %w", source, target, err)
	}
	return nil
}

// mountPoint makes what is not there: a folder or a file, and the folders above. It tries
// without a look first, as there are some 20 for each sandbox, and most lack nothing else.
func mountPoint(target string, folder bool) error {
	err := makeOne(target, folder)
	if errors.Is(err, os.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(target), 0o755); err == nil {
			err = makeOne(target, folder)
		}
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("make mount point: %w", err)
	}
	return nil
}

func makeOne(path string, folder bool) error {
	if folder {
		return os.Mkdir(path, 0o755)
	}
	return os.NewSyscallError("mknod", unix.Mknod(path, unix.S_IFREG|0o644, 0))
}

// cover mounts over the read-only root what is the sandbox's own.
func cover(root string, spec *wire.SandboxSpec) error {
	tmpBytes := spec.TmpBytes
	if tmpBytes <= 0 {
		tmpBytes = defaultTmpBytes
	}
	for path, size := range map[string]int64{"tmp": tmpBytes, "dev/shm": shmBytes} {
		options := fmt.Sprintf("mode=1777,size=%d,nr_inodes=%d", size, max(size/bytesPerInode, 16))
		if err := mountTmpfs(filepath.Join(root, path), options, unix.MS_NOSUID|unix.MS_NODEV); err != nil {
			return err
		}
	}
	if err := coverNames(root, spec); err != nil {
		return err
	}
	// Only the processes of the own pid namespace, nothing of the host. Where
	// the kernel refuses even that, the sandbox goes without.
	_ = mountProc(root, "subset=pid")
	return nil
}

func mountProc(root, options string) error {
	return unix.Mount("proc", filepath.Join(root, "proc"), "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, options)
}

func mountTmpfs(target, options string, flags uintptr) error {
	if err := unix.Mount("tmpfs", target, "tmpfs", flags, options); err != nil {
		return fmt.Errorf("mount tmpfs at %s: %w", target, err)
	}
	return nil
}

// pivot makes root the process's root and lets go of the old one.
func pivot(root string) error {
	if err := os.Chdir(root); err != nil {
		return fmt.Errorf("enter root: %w", err)
	}
	// Both names are the same folder: the old root ends up on top of the new, and is taken off.
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("detach the host's root: %w", err)
	}
	return enterTmp()
}

func enterTmp() error {
	if err := os.Chdir("/tmp"); err != nil {
		return fmt.Errorf("enter /tmp: %w", err)
	}
	return nil
}
