package seccompfilter

import (
	"fmt"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"
)

// Where struct seccomp_data has the call's number, its machine and its arguments.
const (
	numberAt    = 0
	machineAt   = 4
	argumentsAt = 16
)

const (
	load       = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	ifEqual    = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	ifGreater  = unix.BPF_JMP | unix.BPF_JGT | unix.BPF_K
	ifNotLess  = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
	ifBits     = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
	always     = unix.BPF_JMP | unix.BPF_JA
	answer     = unix.BPF_RET | unix.BPF_K
	allowed    = 0x7fff0000
	refused    = 0x00050000 // with an error
	notAllowed = refused | uint32(unix.EPERM)
	notThere   = refused | uint32(unix.ENOSYS)
)

// conditional is the end of the program, where the call's number is loaded: it allows calls with
// some of their arguments, and nothing else. The filter library's own form of it goes on to the
// next call with an argument where the number is expected, so that an argument that equals
// another call's number is taken for that call.
func conditional(machine *arch.Info, calls []seccomp.NameWithConditions) ([]unix.SockFilter, error) {
	var program []unix.SockFilter
	byNumber, numbers := map[int][]seccomp.ArgumentConditions{}, []int{}
	for _, c := range calls {
		number, ok := machine.SyscallNames[c.Name]
		if !ok {
			return nil, fmt.Errorf("filter system calls: %s has no %s", machine.Name, c.Name)
		}
		if byNumber[number] == nil {
			numbers = append(numbers, number)
		}
		byNumber[number] = append(byNumber[number], c.Conditions)
	}
	for _, number := range numbers {
		var block []unix.SockFilter
		for _, all := range byNumber[number] {
			set, err := conditions(all)
			if err != nil {
				return nil, err
			}
			block = append(block, set...)
		}
		block = append(block, unix.SockFilter{Code: answer, K: notAllowed})
		program = append(program,
			unix.SockFilter{Code: ifEqual, K: uint32(number), Jt: 1},
			unix.SockFilter{Code: always, K: uint32(len(block))})
		program = append(program, block...)
	}
	return append(program, unix.SockFilter{Code: answer, K: notAllowed}), nil
}

// conditions allows a call for which all of them hold, and else leads to what follows.
func conditions(all seccomp.ArgumentConditions) ([]unix.SockFilter, error) {
	set := []unix.SockFilter{{Code: answer, K: allowed}}
	for i := len(all) - 1; i >= 0; i-- { // backwards, as a jump is as long as what is behind it
		one, err := condition(all[i], uint8(len(set)))
		if err != nil {
			return nil, err
		}
		set = append(one, set...)
	}
	if len(set) > 255 {
		return nil, fmt.Errorf("filter system calls: %d conditions are too many for one jump", len(all))
	}
	return set, nil
}

// condition goes on where it holds, and skips what is behind it where it does not. All are
// on 64 bits: only a short value can be below or at a limit.
func condition(c seccomp.Condition, behind uint8) ([]unix.SockFilter, error) {
	high, low := uint32(c.Value>>32), uint32(c.Value)
	at := argumentsAt + 8*c.Argument // both machines are little-endian
	loadLow, loadHigh := unix.SockFilter{Code: load, K: at}, unix.SockFilter{Code: load, K: at + 4}
	if high != 0 {
		return nil, fmt.Errorf("filter system calls: condition on %#x: it does not fit in 32 bits", c.Value)
	}
	switch c.Operation {
	case seccomp.Equal:
		return []unix.SockFilter{loadHigh, {Code: ifEqual, K: 0, Jf: behind + 2}, loadLow, {Code: ifEqual, K: low, Jf: behind}}, nil
	case seccomp.NotEqual:
		return []unix.SockFilter{loadHigh, {Code: ifEqual, K: 0, Jf: 2}, loadLow, {Code: ifEqual, K: low, Jt: behind}}, nil
	case seccomp.LessThan:
		return []unix.SockFilter{loadHigh, {Code: ifEqual, K: 0, Jf: behind + 2}, loadLow, {Code: ifNotLess, K: low, Jt: behind}}, nil
	case seccomp.LessOrEqual:
		return []unix.SockFilter{loadHigh, {Code: ifEqual, K: 0, Jf: behind + 2}, loadLow, {Code: ifGreater, K: low, Jt: behind}}, nil
	case seccomp.GreaterThan:
		return []unix.SockFilter{loadHigh, {Code: ifEqual, K: 0, Jf: 2}, loadLow, {Code: ifGreater, K: low, Jf: behind}}, nil
	case seccomp.BitsNotSet:
		return []unix.SockFilter{loadLow, {Code: ifBits, K: low, Jt: behind}}, nil
	}
	return nil, fmt.Errorf("filter system calls: unknown condition %q", c.Operation)
}
