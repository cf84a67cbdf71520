package linux

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/spawn"
)

// namespaceFiles of a sandbox, in the sequence in which a function's zygote enters them.
var namespaceFiles = []string{"user", "mnt", "uts", "ipc", "net", "pid"}

// way is how the zygote's forks get into the sandbox of an agent, which has shut itself in:
// for a tenant's that is the agent itself; a function's, which must get at no process that
// is not yet shut in, is given its namespaces. The caller closes the files.
func (z *zygote) way(agent *spawn.Process) (files []*os.File, err error) {
	if z.container == nil {
		err = agent.WithHandle(func(pidfd uintptr) {
			var copied int
			if copied, err = unix.FcntlInt(pidfd, unix.F_DUPFD_CLOEXEC, 0); err == nil {
				files = append(files, os.NewFile(uintptr(copied), "agent"))
			}
		})
		return files, err
	}
	folder := filepath.Join("/proc", strconv.Itoa(agent.Pid), "ns")
	for _, name := range namespaceFiles {
		file, err := os.Open(filepath.Join(folder, name))
		if err != nil {
			return files, fmt.Errorf("open namespace: %w", err)
		}
		files = append(files, file)
	}
	if err := agent.Signal(syscall.Signal(0)); err != nil { // its number may have been another's
		return files, fmt.Errorf("open namespaces: %w", err)
	}
	return files, nil
}

// rights are what passes the files on.
func rights(files []*os.File) []byte {
	descriptors := make([]int, len(files))
	for i, file := range files {
		descriptors[i] = int(file.Fd())
	}
	return unix.UnixRights(descriptors...)
}
