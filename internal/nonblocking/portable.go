//go:build race || !linux

package nonblocking

import "syscall"

// Read is read(2). The race detector knows by syscall's that who reads comes after who wrote, and
// systems other than Linux want to be called their own way.
func Read(fd uintptr, p []byte) (int, error) { return again(syscall.Read, fd, p) }

// ReadStart is pread(2) from the start of a file.
func ReadStart(fd uintptr, p []byte) (int, error) {
	return again(func(fd int, p []byte) (int, error) { return syscall.Pread(fd, p, 0) }, fd, p)
}

// Write is write(2).
func Write(fd uintptr, p []byte) (int, error) { return again(syscall.Write, fd, p) }

func again(call func(int, []byte) (int, error), fd uintptr, p []byte) (int, error) {
	for {
		if n, err := call(int(fd), p); err != syscall.EINTR {
			return max(n, 0), err
		}
	}
}
