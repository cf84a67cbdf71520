package process

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// openPidfd opens a descriptor of the process that has pid now. It is
// non-blocking, so that the runtime's poller takes it.
func openPidfd(pid int) (*os.File, error) {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("pidfd_open", err)
	}
	return os.NewFile(uintptr(fd), "pidfd"), nil
}

// awaitReadable parks the goroutine in the runtime's poller until f is
// readable or hung up. It reads nothing, so it works for a pidfd, and for a
// descriptor that other processes share and may have made blocking.
func awaitReadable(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	return conn.Read(func(fd uintptr) bool {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		for {
			n, err := unix.Poll(fds, 0)
			if err != unix.EINTR {
				return n > 0
			}
		}
	})
}

// signalPidfd cannot hit another process that was given the pid later.
func signalPidfd(f *os.File, sig unix.Signal) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var sent error
	if err := conn.Control(func(fd uintptr) {
		sent = os.NewSyscallError("pidfd_send_signal", unix.PidfdSendSignal(int(fd), sig, nil, 0))
	}); err != nil {
		return err
	}
	return sent
}

// awaitDeath is for kernels without a pollable pidfd (before 5.10).
func awaitDeath(id Identity) {
	const interval = 100 * time.Millisecond
	for id.Alive() {
		time.Sleep(interval)
	}
}
