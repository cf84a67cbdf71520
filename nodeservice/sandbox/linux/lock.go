package linux

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// lock says that a node lives: by its state folder, and by its cgroup, which two
// nodes with folders of their own could still share. The kernel lets go of both when the node dies.
type lock struct {
	file *os.File
	name net.Listener
}

func takeLock(stateDir, nodePath string) (*lock, error) {
	file, err := os.OpenFile(filepath.Join(stateDir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock state folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("lock state folder %s: %w: another node is using it", stateDir, err)
	}
	// An abstract name: it belongs to no file system, so nothing of it can be left.
	name, err := net.Listen("unix", fmt.Sprintf("@minifaas-node/%d/%s", os.Geteuid(), nodePath))
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("lock node %s: %w: another node of this name is running", nodePath, err)
	}
	return &lock{file: file, name: name}, nil
}

// release removes the file, too.
func (l *lock) release() error {
	return errors.Join(l.name.Close(), os.Remove(l.file.Name()), l.file.Close())
}
