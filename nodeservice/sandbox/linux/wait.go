package linux

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// wait waits for the agent's end. os.Process.Wait alone would take a thread for as
// long as the container lives; here the network poller waits for them all.
func (a *agent) wait() (*os.ProcessState, error) {
	a.awaitEnd()
	return a.process.Wait()
}

// awaitEnd returns at once where the kernel (before 5.10) has no such descriptor.
func (a *agent) awaitEnd() {
	pidfd, err := unix.PidfdOpen(a.process.Pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return
	}
	file := os.NewFile(uintptr(pidfd), "agent")
	defer file.Close()
	conn, err := file.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Read(func(fd uintptr) (ended bool) {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		return n > 0 || err != nil && !errors.Is(err, unix.EINTR)
	})
}
