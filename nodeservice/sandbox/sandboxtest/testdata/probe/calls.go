package main

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// calls makes system calls that a function has no business making. Arguments are
// such that, were the call let through, it would fail in another way or do no harm.
func calls() map[string]string {
	found := map[string]string{}
	call := func(name string, number uintptr, args ...uintptr) {
		var a [6]uintptr
		copy(a[:], args)
		_, _, errno := syscall.RawSyscall6(number, a[0], a[1], a[2], a[3], a[4], a[5])
		found[name] = "ok"
		if errno != 0 {
			found[name] = unix.ErrnoName(errno)
		}
	}
	const nobody = 1 << 22 // a pid above all others
	call("mount", unix.SYS_MOUNT)
	call("umount2", unix.SYS_UMOUNT2)
	call("open_tree", unix.SYS_OPEN_TREE)
	call("fsopen", unix.SYS_FSOPEN)
	call("pivot_root", unix.SYS_PIVOT_ROOT)
	call("chroot", unix.SYS_CHROOT)
	call("ptrace", unix.SYS_PTRACE, unix.PTRACE_ATTACH, nobody)
	call("process_vm_readv", unix.SYS_PROCESS_VM_READV, nobody)
	call("pidfd_getfd", unix.SYS_PIDFD_GETFD, ^uintptr(0))
	call("unshare", unix.SYS_UNSHARE, unix.CLONE_NEWUSER)
	call("setns", unix.SYS_SETNS, ^uintptr(0))
	call("clone new user namespace", unix.SYS_CLONE, unix.CLONE_NEWUSER|unix.CLONE_THREAD) // invalid together
	call("clone3", unix.SYS_CLONE3)
	call("keyctl", unix.SYS_KEYCTL, ^uintptr(0))
	call("add_key", unix.SYS_ADD_KEY)
	call("bpf", unix.SYS_BPF, ^uintptr(0))
	call("userfaultfd", unix.SYS_USERFAULTFD, ^uintptr(0))
	call("io_uring_setup", unix.SYS_IO_URING_SETUP)
	call("perf_event_open", unix.SYS_PERF_EVENT_OPEN)
	call("kexec_load", unix.SYS_KEXEC_LOAD)
	call("init_module", unix.SYS_INIT_MODULE)
	call("open_by_handle_at", unix.SYS_OPEN_BY_HANDLE_AT)
	call("personality", unix.SYS_PERSONALITY, 0x0400000) // READ_IMPLIES_EXEC
	call("seccomp", unix.SYS_SECCOMP)
	call("reboot", unix.SYS_REBOOT)
	call("swapon", unix.SYS_SWAPON)
	call("settimeofday", unix.SYS_SETTIMEOFDAY)
	call("sethostname", unix.SYS_SETHOSTNAME)
	call("syslog", unix.SYS_SYSLOG)
	call("quotactl", unix.SYS_QUOTACTL)
	call("fanotify_init", unix.SYS_FANOTIFY_INIT)
	call("shmget", unix.SYS_SHMGET)
	call("socket vsock", unix.SYS_SOCKET, unix.AF_VSOCK, unix.SOCK_STREAM)
	call("socket packet", unix.SYS_SOCKET, unix.AF_PACKET, unix.SOCK_RAW)
	call("socket alg", unix.SYS_SOCKET, unix.AF_ALG, unix.SOCK_SEQPACKET)
	call("ioctl TIOCSTI", unix.SYS_IOCTL, ^uintptr(0), unix.TIOCSTI)
	call("ioctl TIOCSTI, high bits", unix.SYS_IOCTL, ^uintptr(0), unix.TIOCSTI|1<<32)
	core := unix.Rlimit{Cur: 0, Max: 0}
	call("prlimit core", unix.SYS_PRLIMIT64, 0, unix.RLIMIT_CORE, uintptr(unsafe.Pointer(&core)))
	call("prlimit core, high bits", unix.SYS_PRLIMIT64, 0, unix.RLIMIT_CORE|1<<32, uintptr(unsafe.Pointer(&core)))
	return found
}
