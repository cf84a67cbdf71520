package process

import (
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// table holds the children of this process: there is one, as there is one set of children.
type table struct {
	reaper sync.Once

	mu      sync.Mutex       // guards all below, and is held while forking
	running map[int]*Process // by pid; its leader has not been waited for
	ending  []*Process       // its leader is gone, something of it is left
	marks   map[*Process]string
	next    uint64
	adopted bool // one carries no mark, nor do those that it starts
}

var children = table{running: map[int]*Process{}, marks: map[*Process]string{}}

// settleEvery is how often the remains of a process are looked at when no
// child's end gives the occasion.
const settleEvery = 2 * time.Millisecond

// begin starts the reaper.
func (t *table) begin() {
	t.reaper.Do(func() {
		ends := make(chan os.Signal, 1)
		signal.Notify(ends, syscall.SIGCHLD)
		// Orphans come to us also where we are not the first of a pid namespace.
		_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
		go t.reap(ends)
	})
}

// start forks under the lock, so that the reaper never sees a child unknown to the table.
func (t *table) start(fork func(mark string) (int, error)) (*Process, error) {
	t.begin()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next++
	mark := markName + strconv.FormatUint(t.next, 10)
	pid, err := fork(mark)
	if err != nil {
		return nil, err
	}
	return t.add(pid, mark), nil
}

// add makes a child known. t.mu is held.
func (t *table) add(pid int, mark string) *Process {
	p := &Process{pid: pid, done: make(chan struct{})}
	t.running[pid] = p
	t.marks[p] = mark
	return p
}

func (t *table) kill(p *Process) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running[p.pid] == p { // else the number may be another's
		_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	}
}

func (t *table) killAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for pid := range t.running {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
	for _, s := range t.strays() {
		_ = syscall.Kill(s.pid, syscall.SIGKILL)
	}
}

func (t *table) reap(ends <-chan os.Signal) {
	for {
		t.mu.Lock()
		for pid := zombie(); pid > 0; pid = zombie() {
			t.collect(pid)
		}
		t.settle()
		left := len(t.ending)
		t.mu.Unlock()
		if left == 0 {
			<-ends
			continue
		}
		select {
		case <-ends:
		case <-time.After(settleEvery):
		}
	}
}

// zombie returns a child that has ended and leaves it unwaited for, or 0.
func zombie() int {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	if err != nil || info.Signo == 0 {
		return 0
	}
	// si_pid is the first field of the kernel's union, which x/sys leaves
	// unnamed; 64-bit platforms align it at 16.
	return int(*(*int32)(unsafe.Add(unsafe.Pointer(&info), 16)))
}

// collect waits for a child that has ended. Its group is killed before that,
// while the zombie keeps the number from being given to others.
func (t *table) collect(pid int) {
	p := t.running[pid]
	if p != nil {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
	var status syscall.WaitStatus
	var usage syscall.Rusage
	for {
		_, err := syscall.Wait4(pid, &status, 0, &usage)
		if err != syscall.EINTR {
			break
		}
	}
	if p == nil {
		return
	}
	p.exit = Exit{MaxRSS: usage.Maxrss << 10}
	if status.Signaled() {
		p.exit.Signal = status.Signal()
	} else {
		p.exit.Code = status.ExitStatus()
	}
	delete(t.running, pid)
	t.ending = append(t.ending, p)
}

// settle announces the end of those of which nothing is left, and kills what is left of the others.
func (t *table) settle() {
	if len(t.ending) == 0 {
		return
	}
	strays := map[string][]int{}
	for _, s := range t.strays() {
		strays[s.mark] = append(strays[s.mark], s.pid)
	}
	rest := t.ending[:0]
	for _, p := range t.ending {
		left := strays[t.marks[p]]
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		if len(left) > 0 || syscall.Kill(-p.pid, 0) == nil {
			rest = append(rest, p)
			continue
		}
		delete(t.marks, p)
		close(p.done)
	}
	clear(t.ending[len(rest):])
	t.ending = rest
}
