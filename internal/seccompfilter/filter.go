// Package seccompfilter says which system calls a sandbox may make. The node assembles
// the filter, once, and its agents install it: the tables that it takes would cost each
// agent half a millisecond of its start and a seventh of its memory.
package seccompfilter

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"
)

// namespaceFlags are the flags of clone that make a namespace, and with it capabilities.
const namespaceFlags = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// Assemble makes the seccomp program for this machine: an array of struct
// sock_filter. What it does not allow fails with EPERM.
func Assemble() ([]byte, error) { return assemble(allowedCalls, conditionalCalls()) }

// assemble is for what is always allowed, and what with some arguments only.
func assemble(always []string, sometimes []seccomp.NameWithConditions) ([]byte, error) {
	machine, err := arch.GetInfo("")
	if err != nil {
		return nil, fmt.Errorf("filter system calls: %w", err)
	}
	policy := seccomp.Policy{
		DefaultAction: seccomp.ActionErrno,
		Syscalls: []seccomp.SyscallGroup{
			// Its flags are in memory, where no filter can see them. The C
			// library, told that there is no such call, uses clone.
			{Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), Names: found(machine, "clone3")},
			{Action: seccomp.ActionAllow, Names: found(machine, always...)},
		},
	}
	program, err := policy.Assemble()
	if err != nil {
		return nil, fmt.Errorf("filter system calls: %w", err)
	}
	end, err := conditional(machine, sometimes)
	if err != nil {
		return nil, err
	}
	var assembled []byte
	add := func(code uint16, jt, jf uint8, k uint32) {
		assembled = binary.NativeEndian.AppendUint16(assembled, code)
		assembled = append(assembled, jt, jf)
		assembled = binary.NativeEndian.AppendUint32(assembled, k)
	}
	for _, instruction := range program[:len(program)-1] { // but for the last, which refuses all others
		raw, err := instruction.Assemble()
		if err != nil {
			return nil, fmt.Errorf("filter system calls: %w", err)
		}
		add(raw.Op, raw.Jt, raw.Jf, raw.K)
	}
	for _, instruction := range end {
		add(instruction.Code, instruction.Jt, instruction.Jf, instruction.K)
	}
	return assembled, nil
}

// found drops the names that this machine, or the filter library's table, does
// not have: older calls that newer machines never got, and the newest ones.
func found(machine *arch.Info, names ...string) []string {
	var there []string
	for _, name := range names {
		if _, ok := machine.SyscallNames[name]; ok {
			there = append(there, name)
		}
	}
	return there
}

const low = math.MaxUint32

func is(argument uint32, value uint64) seccomp.Condition {
	return seccomp.Condition{Argument: argument, Operation: seccomp.Equal, Value: value}
}

func not(argument uint32, value uint64) seccomp.Condition {
	return seccomp.Condition{Argument: argument, Operation: seccomp.NotEqual, Value: value}
}

func below(argument uint32, value uint64) seccomp.Condition {
	return seccomp.Condition{Argument: argument, Operation: seccomp.LessThan, Value: value}
}

func above(argument uint32, value uint64) seccomp.Condition {
	return seccomp.Condition{Argument: argument, Operation: seccomp.GreaterThan, Value: value}
}

func short(argument uint32) seccomp.Condition {
	return seccomp.Condition{Argument: argument, Operation: seccomp.LessOrEqual, Value: low}
}

// conditionalCalls are allowed with some arguments only. Where the kernel looks
// at the low half of an argument alone, the high half must be zero: else it
// could make two values differ here that are the same there.
func conditionalCalls() []seccomp.NameWithConditions {
	return []seccomp.NameWithConditions{
		{Name: "clone", Conditions: seccomp.ArgumentConditions{
			{Argument: 0, Operation: seccomp.BitsNotSet, Value: namespaceFlags},
		}},
		// No pushing of characters into a terminal's input.
		{Name: "ioctl", Conditions: seccomp.ArgumentConditions{short(1), not(1, unix.TIOCSTI), not(1, unix.TIOCLINUX)}},
		// The limit of core dumps stays (see limitResources).
		{Name: "setrlimit", Conditions: seccomp.ArgumentConditions{short(0), not(0, unix.RLIMIT_CORE)}},
		{Name: "prlimit64", Conditions: seccomp.ArgumentConditions{short(1), not(1, unix.RLIMIT_CORE)}},
		{Name: "prlimit64", Conditions: seccomp.ArgumentConditions{is(2, 0)}},
		// Asking, not changing.
		{Name: "personality", Conditions: seccomp.ArgumentConditions{is(0, low)}},
		// No vsock (it leads out of a virtual machine), no raw packets, no kernel crypto.
		{Name: "socket", Conditions: seccomp.ArgumentConditions{is(0, unix.AF_UNIX)}},
		{Name: "socket", Conditions: seccomp.ArgumentConditions{is(0, unix.AF_INET)}},
		{Name: "socket", Conditions: seccomp.ArgumentConditions{is(0, unix.AF_INET6)}},
		{Name: "socket", Conditions: seccomp.ArgumentConditions{is(0, unix.AF_NETLINK), is(2, unix.NETLINK_ROUTE)}},
	}
}
