package seccompfilter

import (
	"encoding/binary"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"
)

var machines = []string{"amd64", "arm64"}

func machine(t *testing.T, name string) *arch.Info {
	t.Helper()
	info, err := arch.GetInfo(map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[name])
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// unknownYet are names newer than the filter library's table. They are left out until it has them.
var unknownYet = []string{"futex_wait", "futex_wake", "futex_requeue", "fchmodat2", "mseal", "fstatat"}

// TestNamesExist: a misspelt name would be dropped in silence.
func TestNamesExist(t *testing.T) {
	for _, name := range allowedCalls {
		exists := slices.ContainsFunc(machines, func(m string) bool {
			_, ok := machine(t, m).SyscallNames[name]
			return ok
		})
		if !exists && !slices.Contains(unknownYet, name) {
			t.Errorf("no machine has a system call %q", name)
		}
	}
}

func TestNoNameTwice(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range allowedCalls {
		if seen[name] {
			t.Errorf("%s is there twice", name)
		}
		seen[name] = true
	}
	for _, c := range conditionalCalls() {
		if seen[c.Name] {
			t.Errorf("%s is allowed whatever its arguments, and with conditions", c.Name)
		}
	}
}

func TestConditionalNamesExist(t *testing.T) {
	for _, m := range machines {
		for _, c := range conditionalCalls() {
			if _, ok := machine(t, m).SyscallNames[c.Name]; !ok {
				t.Errorf("%s has no %s: the filter could not be built there", m, c.Name)
			}
		}
	}
}

// TestDangerousNamesAreNotAllowed, nor is clone3, which must look as if it did not exist.
func TestDangerousNamesAreNotAllowed(t *testing.T) {
	for _, name := range []string{
		"clone3", "mount", "umount2", "move_mount", "open_tree", "fsopen", "fsmount", "fspick", "mount_setattr", "pivot_root", "chroot",
		"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd", "unshare", "setns",
		"keyctl", "add_key", "request_key", "bpf", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "perf_event_open",
		"kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "open_by_handle_at", "name_to_handle_at",
		"seccomp", "landlock_restrict_self", "capset", "reboot", "swapon", "swapoff", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex",
		"sethostname", "setdomainname", "syslog", "quotactl", "fanotify_init", "acct", "iopl", "ioperm", "modify_ldt", "vhangup", "lookup_dcookie",
		"mbind", "migrate_pages", "move_pages", "set_mempolicy", "shmget", "msgget", "semget", "mq_open", "sched_setscheduler", "sched_setattr",
		"personality", "socket", "ioctl", "clone", "prlimit64", "setrlimit",
	} {
		if slices.Contains(allowedCalls, name) {
			t.Errorf("%s is allowed whatever its arguments", name)
		}
	}
}

// TestAssemble: the first instruction loads the machine's number, as every filter's must.
func TestAssemble(t *testing.T) {
	program, err := Assemble()
	if err != nil {
		t.Fatal(err)
	}
	const instruction, most = 8, 4096 // bytes, and the kernel's limit of instructions
	if n := len(program); n%instruction != 0 || n/instruction < len(allowedCalls)/2 || n/instruction > most {
		t.Errorf("a program of %d bytes", n)
	}
	if code, offset := binary.NativeEndian.Uint16(program), binary.NativeEndian.Uint32(program[4:]); code != unix.BPF_LD|unix.BPF_W|unix.BPF_ABS || offset != 4 {
		t.Errorf("it begins with %#x %d, want the load of the machine's number", code, offset)
	}
}

// TestZygoteNames: what is narrowed is allowed to others, and both machines have all that is added.
func TestZygoteNames(t *testing.T) {
	for _, name := range narrowedCalls {
		if !slices.Contains(allowedCalls, name) && !slices.ContainsFunc(conditionalCalls(), func(c seccomp.NameWithConditions) bool { return c.Name == name }) {
			t.Errorf("%s is narrowed, and not allowed to others", name)
		}
	}
	names := slices.Clone(confiningCalls)
	for _, c := range zygoteCalls() {
		names = append(names, c.Name)
	}
	for _, m := range machines {
		for _, name := range names {
			if _, ok := machine(t, m).SyscallNames[name]; !ok {
				t.Errorf("%s has no %s", m, name)
			}
		}
	}
}

// TestEveryNumber: a call is allowed, whatever its arguments, if and only if its name is.
func TestEveryNumber(t *testing.T) {
	m := machine(t, runtime.GOARCH)
	program, err := assemble(allowedCalls, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(program) / 8; n > 200 {
		t.Errorf("the program has %d instructions; each takes an agent time", n)
	}
	want := map[uint32]uint32{}
	for _, name := range allowedCalls {
		if number, ok := m.SyscallNames[name]; ok {
			want[uint32(number)] = allowed
		}
	}
	want[uint32(m.SyscallNames["clone3"])] = notThere
	const x32 = 1 << 30 // the other calls of an amd64 kernel
	for _, base := range []uint32{0, x32, 1 << 31, math.MaxUint32 - 1023} {
		for number := base; number-base < 1024; number++ {
			expected := notAllowed
			if answer := want[number]; answer != 0 {
				expected = answer
			}
			if got := run(t, program, number, uint32(m.ID)); got != expected {
				t.Errorf("call %#x: %#x, want %#x", number, got, expected)
			}
			if got := run(t, program, number, uint32(m.ID)+1); got != notAllowed {
				t.Fatalf("call %#x of another machine: %#x", number, got)
			}
		}
	}
}

// run is what the program answers to a call without arguments, as the kernel would.
func run(t *testing.T, program []byte, number, machine uint32) uint32 {
	t.Helper()
	var value uint32
	for at := 0; at < len(program); at += 8 {
		code, k := binary.NativeEndian.Uint16(program[at:]), binary.NativeEndian.Uint32(program[at+4:])
		holds := false
		switch code {
		case load:
			value = map[uint32]uint32{numberAt: number, machineAt: machine}[k]
			continue
		case answer:
			return k
		case always:
			at += 8 * int(k)
			continue
		case ifEqual:
			holds = value == k
		case ifGreater:
			holds = value > k
		case ifNotLess:
			holds = value >= k
		default:
			t.Fatalf("unknown instruction %#x", code)
		}
		if holds {
			at += 8 * int(program[at+2])
		} else {
			at += 8 * int(program[at+3])
		}
	}
	t.Fatal("the program has no answer")
	return 0
}
