// Package seccompfilter says which system calls a sandbox may make. The node assembles
// the filter, once, and its agents install it: the tables that it takes would cost each
// agent half a millisecond of its start and a seventh of its memory.
package seccompfilter

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

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
	program := []unix.SockFilter{
		{Code: load, K: machineAt},
		{Code: ifEqual, K: uint32(machine.ID), Jt: 1},
		{Code: answer, K: notAllowed},
		{Code: load, K: numberAt},
	}
	// Its flags are in memory, where no filter can see them. The C library, told that
	// there is no such call, uses clone.
	for _, number := range numbers(machine, "clone3") {
		program = append(program,
			unix.SockFilter{Code: ifEqual, K: number, Jf: 1},
			unix.SockFilter{Code: answer, K: notThere})
	}
	program = append(program, allow(numbers(machine, always...))...)
	end, err := conditional(machine, sometimes)
	if err != nil {
		return nil, err
	}
	var assembled []byte
	for _, instruction := range append(program, end...) {
		assembled = binary.NativeEndian.AppendUint16(assembled, instruction.Code)
		assembled = append(assembled, instruction.Jt, instruction.Jf)
		assembled = binary.NativeEndian.AppendUint32(assembled, instruction.K)
	}
	return assembled, nil
}

// allow allows these calls, and goes on with the others. It compares with the ends of each run of
// numbers: whoever installs the program pays for each instruction, as the kernel tries it with
// every call that there is.
func allow(sorted []uint32) (program []unix.SockFilter) {
	for len(sorted) > 0 {
		run := 1
		for run < len(sorted) && sorted[run] == sorted[0]+uint32(run) {
			run++
		}
		program = append(program,
			unix.SockFilter{Code: ifGreater, K: sorted[run-1], Jt: 2},
			unix.SockFilter{Code: ifNotLess, K: sorted[0], Jf: 1},
			unix.SockFilter{Code: answer, K: allowed})
		sorted = sorted[run:]
	}
	return program
}

// numbers are those of the calls, sorted. Names are dropped that this machine, or the filter library's
// table, does not have: older calls that newer machines never got, and the newest ones.
func numbers(machine *arch.Info, names ...string) []uint32 {
	var there []uint32
	for _, name := range names {
		if number, ok := machine.SyscallNames[name]; ok {
			there = append(there, uint32(number))
		}
	}
	slices.Sort(there)
	return slices.Compact(there)
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
