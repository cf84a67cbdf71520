package jail

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// filterCalls installs the seccomp program, on all threads and for all children. The
// kernel forbids them all new privileges with it, as it must for the thread that asks.
func filterCalls(program []byte) error {
	const size = int(unsafe.Sizeof(unix.SockFilter{}))
	if len(program) == 0 || len(program)%size != 0 {
		return fmt.Errorf("filter system calls: %d bytes are no program; the node must send one with the sandbox's spec", len(program))
	}
	instructions := make([]unix.SockFilter, 0, len(program)/size)
	for at := 0; at < len(program); at += size {
		instructions = append(instructions, unix.SockFilter{
			Code: binary.NativeEndian.Uint16(program[at:]),
			Jt:   program[at+2],
			Jf:   program[at+3],
			K:    binary.NativeEndian.Uint32(program[at+4:]),
		})
	}
	filter := unix.SockFprog{Len: uint16(len(instructions)), Filter: &instructions[0]}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := forbidNewPrivileges(); err != nil {
		return err
	}
	const setFilter = 1 // SECCOMP_SET_MODE_FILTER
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, setFilter, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&filter)))
	switch {
	case errno != 0:
		return fmt.Errorf("filter system calls: %w", errno)
	case thread != 0:
		return errors.New("filter system calls: a thread has a filter of its own")
	}
	return nil
}
