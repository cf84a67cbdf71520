//go:build linux && !race

// Package nonblocking reads and writes descriptors that never make a thread wait,
// without telling the Go runtime that a system call is under way.
//
// The runtime would want to know as a call might last: when one begins in a process
// that was idle, it wakes a thread that looks every 20 µs whether another should take
// over. A service that gets a small message, and sends one, is idle again before that one
// has looked twice; but to wake it, and to let it look, was two fifths of the context
// switches of a warm call, and a quarter of the APIServer's CPU.
//
// It is for sockets and pipes in non-blocking mode and for counters that the kernel makes
// up when they are read, and for small amounts: no call may take much longer than to copy them.
package nonblocking

import (
	"syscall"
	"unsafe"
)

// Read is read(2). An error is a syscall.Errno; EAGAIN: there is nothing yet.
func Read(fd uintptr, p []byte) (int, error) { return call(syscall.SYS_READ, fd, p) }

// ReadStart is pread(2) from the start of a file.
func ReadStart(fd uintptr, p []byte) (int, error) { return call(syscall.SYS_PREAD64, fd, p) }

// Write is write(2). An error is a syscall.Errno; EAGAIN: there is no room yet.
func Write(fd uintptr, p []byte) (int, error) { return call(syscall.SYS_WRITE, fd, p) }

func call(number, fd uintptr, p []byte) (int, error) {
	for {
		n, _, err := syscall.RawSyscall6(number, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
		switch err {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		default:
			return 0, err
		}
	}
}
