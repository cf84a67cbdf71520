package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// stagePrefix begins the name of a stage's folder, which is also that of the cgroup
// below which the cgroups of its nodes are.
const stagePrefix = "minifaas-bench-"

// stageMark is in the mode of a stage's folder: one that somebody has made by hand, and
// given such a name, is not removed. It has no effect where only the owner may write.
const stageMark = os.ModeSticky

// stageState is the state folder in the folder of a stage.
func stageState(folder string) string { return filepath.Join(folder, "state") }

// makeStageFolder makes a folder for a stage. It belongs to this process for as long as
// lock is open, which the kernel closes when the process is killed.
func makeStageFolder(in string) (folder string, lock *os.File, err error) {
	// It has its name only once it is locked: others remove what nobody holds.
	hidden, err := os.MkdirTemp(in, "."+stagePrefix)
	if err != nil {
		return "", nil, err
	}
	folder = filepath.Join(in, strings.TrimPrefix(filepath.Base(hidden), "."))
	// Every container has a user of its own, who must get in.
	if err = os.Chmod(hidden, 0o755|stageMark); err == nil {
		lock, err = lockStageFolder(hidden)
	}
	if err == nil {
		err = os.Rename(hidden, folder)
	}
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("make a folder to play in: %w", err), os.RemoveAll(hidden))
	}
	return folder, lock, nil
}

// lockStageFolder locks a folder of this user's. The error is EWOULDBLOCK if a process has it.
func lockStageFolder(folder string) (*os.File, error) {
	lock, err := os.OpenFile(folder, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		lock.Close()
		return nil, err
	}
	return lock, nil
}

// sweepStages removes what stages have left whose processes were killed: their processes,
// nodes, containers and folders. Those that live are left alone, and those of other users.
func sweepStages(in string) error {
	entries, err := os.ReadDir(in)
	if err != nil {
		return err
	}
	var faults []error
	for _, entry := range entries {
		name, hidden := strings.CutPrefix(entry.Name(), ".")
		if !strings.HasPrefix(name, stagePrefix) {
			continue
		}
		info, err := entry.Info()
		if err != nil || !ownFolder(info) {
			continue
		}
		folder := filepath.Join(in, entry.Name())
		switch {
		case !hidden && info.Mode()&stageMark != 0:
			faults = append(faults, sweepStage(folder))
		case hidden && time.Since(info.ModTime()) > hiddenAge:
			_ = os.Remove(folder) // it is empty, or somebody's
		}
	}
	return errors.Join(faults...)
}

// hiddenAge is how old a folder is that has not got its name, when whoever made it is surely gone.
const hiddenAge = time.Hour

// ownFolder: whoever else made it must not choose what this user removes.
func ownFolder(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.IsDir() && int(stat.Uid) == os.Geteuid()
}

func sweepStage(folder string) error {
	lock, err := lockStageFolder(folder)
	if errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer lock.Close()
	state, err := filepath.Abs(stageState(folder))
	if err != nil {
		return err
	}
	if err := sweepState(state, filepath.Base(folder), state); err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	return os.RemoveAll(folder)
}
