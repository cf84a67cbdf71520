package linux

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// kill kills the sandbox by its first process. Without a pid namespace its
// descendants must be killed one by one: they are found below the agent, which
// adopts orphans, and is stopped meanwhile so that it starts no more.
func (a *agent) kill() {
	if !a.namespaced {
		_ = a.process.Signal(syscall.SIGSTOP)
		for range 100 { // a fork bomb could go on for ever
			below := descendants(a.process.Pid)
			killed := 0
			for _, pid := range below {
				if !zombie(pid) && syscall.Kill(pid, syscall.SIGKILL) == nil {
					killed++
				}
			}
			if killed == 0 {
				break
			}
		}
	}
	_ = a.process.Kill()
}

// descendants are the processes below pid, at some moment each.
func descendants(pid int) []int {
	var found []int
	tasks, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "children"))
	for _, task := range tasks {
		text, _ := os.ReadFile(task)
		for word := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				found = append(append(found, child), descendants(child)...)
			}
		}
	}
	return found
}

// clockTick is the unit of CPU time in /proc: the same on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// processUsage sums over the process and those below it, where no cgroup does. Pages
// of files and shared memory do not count.
func processUsage(pid int) (u sandbox.Usage) {
	for _, p := range append(descendants(pid), pid) {
		if fields := statm(p); len(fields) > 2 {
			u.Memory += (fields[1] - fields[2]) * int64(os.Getpagesize())
		}
		// Fields 14 to 17 of stat: its own user and system time, and that of children it has waited for.
		if fields := stat(p); len(fields) > 14 {
			for _, ticks := range fields[11:15] {
				n, _ := strconv.ParseInt(string(ticks), 10, 64)
				u.CPU += time.Duration(n) * clockTick
			}
		}
	}
	return u
}

func zombie(pid int) bool {
	fields := stat(pid)
	return len(fields) == 0 || fields[0][0] == 'Z'
}

// stat are the fields of /proc/<pid>/stat from the third, the state, on: the second may hold blanks.
func stat(pid int) [][]byte {
	text, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
}

func statm(pid int) []int64 {
	text, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "statm"))
	var fields []int64
	for word := range strings.FieldsSeq(string(text)) {
		n, _ := strconv.ParseInt(word, 10, 64)
		fields = append(fields, n)
	}
	return fields
}
