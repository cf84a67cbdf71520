package process

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// markName is the variable that tells whose a process is after it has left its
// group and lost its parent, as daemons do. One that also forgets its
// environment ends with the sandbox only.
const markName = "MINIFAAS_PROCESS="

// A stray was orphaned, so it is our child now without having been started by us.
type stray struct {
	pid  int
	mark string // with its name
}

// strays finds the strays that are alive, by reading /proc. It reads nothing in the
// usual case that we have no other children than those that we started. t.mu is held.
func (t *table) strays() []stray {
	if len(t.running) == 0 && childless() {
		return nil
	}
	proc, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer proc.Close()
	names, _ := proc.Readdirnames(-1)
	self := os.Getpid()
	var found []stray
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || pid == self || t.running[pid] != nil || parent(name) != self {
			continue
		}
		if m := mark(name); m != "" || t.adopted {
			found = append(found, stray{pid, m})
		}
	}
	return found
}

// childless reports whether this process has no child at all.
func childless() bool {
	return unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) == unix.ECHILD
}

// parent reads the fourth field of /proc/<pid>/stat; the second may hold anything, in brackets.
func parent(pid string) int {
	b, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0
	}
	f := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(f) < 2 {
		return 0
	}
	n, _ := strconv.Atoi(string(f[1]))
	return n
}

func mark(pid string) string {
	b, err := os.ReadFile("/proc/" + pid + "/environ")
	if err != nil {
		return ""
	}
	for v := range bytes.SplitSeq(b, []byte{0}) {
		if bytes.HasPrefix(v, []byte(markName)) {
			return string(v)
		}
	}
	return ""
}
