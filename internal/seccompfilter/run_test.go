package seccompfilter

import (
	"encoding/binary"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// call is a system call and what the kernel is to say.
type call struct {
	name      string
	number    uintptr
	arguments [3]uintptr
	want      unix.Errno
}

// try makes the calls on a thread that the program filters.
func try(t *testing.T, program []byte, calls []call) {
	t.Helper()
	got := make([]unix.Errno, len(calls))
	installed := make(chan unix.Errno)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends
		var filter []unix.SockFilter
		for at := 0; at < len(program); at += 8 {
			filter = append(filter, unix.SockFilter{
				Code: binary.NativeEndian.Uint16(program[at:]), Jt: program[at+2], Jf: program[at+3], K: binary.NativeEndian.Uint32(program[at+4:]),
			})
		}
		_ = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		const setFilter = 1 // SECCOMP_SET_MODE_FILTER
		_, _, errno := unix.Syscall(unix.SYS_SECCOMP, setFilter, 0, uintptr(unsafe.Pointer(&unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})))
		for i, c := range calls {
			var made uintptr
			if made, _, got[i] = unix.Syscall(c.number, c.arguments[0], c.arguments[1], c.arguments[2]); c.number == unix.SYS_SOCKET && got[i] == 0 {
				_ = unix.Close(int(made))
			}
		}
		installed <- errno
	}()
	if errno := <-installed; errno != 0 {
		t.Fatalf("the kernel does not take the program: %v", errno)
	}
	for i, c := range calls {
		if got[i] != c.want {
			t.Errorf("%s: %v, want %v", c.name, got[i], c.want)
		}
	}
}

const (
	none = ^uintptr(0) >> 1 // no descriptor
	wide = 1 << 32          // what the kernel does not look at in most arguments
)

func TestRefuses(t *testing.T) {
	program, err := Assemble()
	if err != nil {
		t.Fatal(err)
	}
	try(t, program, []call{
		{"getpid", unix.SYS_GETPID, [3]uintptr{}, 0},
		{"mount", unix.SYS_MOUNT, [3]uintptr{}, unix.EPERM},
		{"setns", unix.SYS_SETNS, [3]uintptr{none}, unix.EPERM},
		{"clone3", unix.SYS_CLONE3, [3]uintptr{}, unix.ENOSYS},
		{"unix socket", unix.SYS_SOCKET, [3]uintptr{unix.AF_UNIX, unix.SOCK_STREAM}, 0},
		{"route socket", unix.SYS_SOCKET, [3]uintptr{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE}, 0},
		{"other netlink", unix.SYS_SOCKET, [3]uintptr{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_NETFILTER}, unix.EPERM},
		{"packet socket", unix.SYS_SOCKET, [3]uintptr{unix.AF_PACKET, unix.SOCK_RAW}, unix.EPERM},
		{"ioctl", unix.SYS_IOCTL, [3]uintptr{none, unix.TIOCGWINSZ}, unix.EBADF},
		{"push characters", unix.SYS_IOCTL, [3]uintptr{none, unix.TIOCSTI}, unix.EPERM},
		{"push characters, high half", unix.SYS_IOCTL, [3]uintptr{none, wide | unix.TIOCSTI}, unix.EPERM},
		// An argument that is the number of a call with conditions is not taken for that call.
		{"push characters, setrlimit's number", unix.SYS_IOCTL, [3]uintptr{none, unix.SYS_SETRLIMIT*wide | unix.TIOCSTI}, unix.EPERM},
		{"push characters, personality's number", unix.SYS_IOCTL, [3]uintptr{0xffffffff, unix.SYS_PERSONALITY*wide | unix.TIOCSTI}, unix.EPERM},
		{"core limit", unix.SYS_PRLIMIT64, [3]uintptr{unix.AF_INET, unix.RLIMIT_CORE, 8}, unix.EPERM},
		{"core limit, socket's number", unix.SYS_PRLIMIT64, [3]uintptr{unix.AF_INET, unix.RLIMIT_CORE, unix.SYS_SOCKET}, unix.EPERM},
		{"ask for a limit", unix.SYS_PRLIMIT64, [3]uintptr{0, unix.RLIMIT_NOFILE, 0}, 0},
		{"personality", unix.SYS_PERSONALITY, [3]uintptr{0xffffffff}, 0},
		{"change personality", unix.SYS_PERSONALITY, [3]uintptr{0x0400000}, unix.EPERM},
		{"new user namespace", unix.SYS_CLONE, [3]uintptr{unix.CLONE_NEWUSER}, unix.EPERM},
	})
}

// TestZygoteRefuses: what would be of use to whoever has capabilities over a network only.
func TestZygoteRefuses(t *testing.T) {
	program, err := AssembleZygote()
	if err != nil {
		t.Fatal(err)
	}
	stream, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Skip(err)
	}
	defer unix.Close(stream)
	socket := uintptr(stream)
	calls := []call{
		{"a namespace", unix.SYS_SETNS, [3]uintptr{none, unix.CLONE_NEWNET}, unix.EBADF},
		{"two namespaces", unix.SYS_SETNS, [3]uintptr{none, unix.CLONE_NEWNET | unix.CLONE_NEWUSER}, unix.EPERM},
		{"a namespace of control groups", unix.SYS_SETNS, [3]uintptr{none, unix.CLONE_NEWCGROUP}, unix.EPERM},
		{"any namespace", unix.SYS_SETNS, [3]uintptr{none, 0}, unix.EPERM},
		{"stream", unix.SYS_SOCKET, [3]uintptr{unix.AF_INET, unix.SOCK_STREAM | unix.SOCK_CLOEXEC}, 0},
		{"raw", unix.SYS_SOCKET, [3]uintptr{unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP}, unix.EPERM},
		{"raw, flags", unix.SYS_SOCKET, [3]uintptr{unix.AF_INET6, unix.SOCK_RAW | unix.SOCK_NONBLOCK, unix.IPPROTO_ICMP}, unix.EPERM},
		{"packets, the old way", unix.SYS_SOCKET, [3]uintptr{unix.AF_INET, unix.SOCK_PACKET, 3}, unix.EPERM},
		{"netlink", unix.SYS_SOCKET, [3]uintptr{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE}, unix.EPERM},
		{"ask an interface", unix.SYS_IOCTL, [3]uintptr{socket, unix.SIOCGIFFLAGS}, unix.EFAULT},
		{"change an interface", unix.SYS_IOCTL, [3]uintptr{socket, unix.SIOCSIFFLAGS}, unix.EPERM},
		{"change an interface, high half", unix.SYS_IOCTL, [3]uintptr{socket, wide | unix.SIOCSIFFLAGS}, unix.EPERM},
		{"bytes to read", unix.SYS_IOCTL, [3]uintptr{socket, unix.TIOCINQ}, unix.EFAULT},
		{"files' flags", unix.SYS_IOCTL, [3]uintptr{none, unix.FS_IOC_GETFLAGS}, unix.EBADF},
		{"trim memory", unix.SYS_MADVISE, [3]uintptr{}, 0},
	}
	for name, refused := range map[string][2]uintptr{
		"mark": {unix.SOL_SOCKET, unix.SO_MARK}, "priority": {unix.SOL_SOCKET, unix.SO_PRIORITY}, "headers": {unix.SOL_IPV6, unix.IPV6_2292PKTOPTIONS}, "transparent": {unix.SOL_IP, unix.IP_TRANSPARENT}, "repair": {unix.SOL_TCP, unix.TCP_REPAIR},
		"policy": {unix.SOL_IPV6, unix.IPV6_XFRM_POLICY}, "packet filter": {unix.SOL_IP, 64}, "packet filter, v6": {unix.SOL_IPV6, 64},
		"transparent, v6": {unix.SOL_IPV6, unix.IPV6_TRANSPARENT}, "level's high half": {wide, 64}, "option's high half": {unix.SOL_IP, wide | 64},
	} {
		calls = append(calls, call{name, unix.SYS_SETSOCKOPT, [3]uintptr{socket, refused[0], refused[1]}, unix.EPERM})
	}
	for name, fine := range map[string][2]uintptr{
		"reuse": {unix.SOL_SOCKET, unix.SO_REUSEADDR}, "delay": {unix.SOL_TCP, unix.TCP_NODELAY}, "v6 only": {unix.SOL_IPV6, unix.IPV6_V6ONLY}, "class": {unix.SOL_IPV6, unix.IPV6_TCLASS},
	} {
		calls = append(calls, call{name, unix.SYS_GETSOCKOPT, [3]uintptr{socket, fine[0], fine[1]}, unix.EFAULT})
	}
	try(t, program, calls)
}
