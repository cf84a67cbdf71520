package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// stateLock keeps a second platform out of a state folder. The kernel lets go
// of it when the process dies.
type stateLock struct{ file *os.File }

func lockState(dir string) (*stateLock, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make state folder: %w; choose another with --state-dir", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock state folder: %w; choose another with --state-dir", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer file.Close()
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock state folder %s: %w", dir, err)
		}
		holder, _ := io.ReadAll(file)
		return nil, fmt.Errorf("another platform (process %s) runs with the state folder %s: stop it, or choose other ports with --port-base", strings.TrimSpace(string(holder)), dir)
	}
	if err := file.Truncate(0); err == nil {
		fmt.Fprintln(file, os.Getpid())
	}
	return &stateLock{file: file}, nil
}

func (l *stateLock) release() error {
	return l.file.Close()
}
