package spawn

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// errEnded: the helper has ended before it answered.
var errEnded = errors.New("helper ended")

// hung is how long a helper may take for an order: some 2 ms. Then it is killed.
const hung = 10 * time.Second

const (
	// helperSlack is by how much the helper's timers may be late: it needs none, but for the Go
	// runtime's watch over system calls, which would be kept every 20 µs.
	helperSlack = 300 * time.Microsecond
	// usualSlack is the kernel's own.
	usualSlack = 50 * time.Microsecond
)

// line is the node's side of one helper's life.
type line struct {
	hung   time.Duration
	apart  bool // the helper counts processes from 1
	conn   *net.UnixConn
	helper *os.Process   // set once open has returned
	deaf   chan struct{} // closed when nothing more is heard
	dead   chan struct{} // closed when the helper has ended, with how in last
	last   string

	writing sync.Mutex // held while an order is queued and sent, so that both go in one sequence
	mu      sync.Mutex // guards the fields below
	waiting []chan answer
	over    bool
}

type answer struct {
	process *Process
	err     error
}

func open(path string, apart bool) (*line, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	defer ours.Close()
	defer theirs.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, err
	}
	l := &line{hung: hung, apart: apart, conn: conn.(*net.UnixConn), deaf: make(chan struct{}), dead: make(chan struct{})}
	begun := make(chan error)
	go l.live(path, theirs, begun)
	if err := <-begun; err != nil {
		conn.Close()
		return nil, err
	}
	return l, nil
}

// live starts the helper and waits for its end, on one thread: the helper is killed when
// that ends.
func (l *line) live(path string, socket *os.File, begun chan<- error) {
	runtime.LockOSThread() // never unlocked
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(helperSlack), 0, 0, 0)
	attributes := &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if l.apart {
		attributes.Cloneflags = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS
	}
	var err error
	l.helper, err = os.StartProcess(path, []string{path, Argument}, &os.ProcAttr{
		Dir:   "/",
		Env:   []string{"GOMAXPROCS=1"},
		Files: []*os.File{nil, nil, os.Stderr, socket},
		Sys:   attributes,
	})
	begun <- err
	if err != nil {
		return
	}
	go l.listen()
	state, err := l.helper.Wait()
	l.conn.Close()
	<-l.deaf
	if l.last = fmt.Sprint(state); err != nil {
		l.last = err.Error()
	}
	close(l.dead)
}

func (l *line) start(c Command) (*Process, error) {
	o := order{
		Path: c.Path, Args: c.Args, Env: c.Env, Dir: c.Dir, Attributes: c.Attributes,
		Files: len(c.Files), Doors: len(c.Cgroup.Doors), Homes: len(c.Cgroup.Homes),
		Owner: c.Owner, Root: c.Root != nil, Network: c.Network != nil, Slack: c.Slack,
	}
	if o.Attributes == nil {
		o.Attributes = &syscall.SysProcAttr{}
	}
	var files []int
	for _, some := range [][]*os.File{c.Files, c.Cgroup.Doors, c.Cgroup.Homes} {
		for _, file := range some {
			files = append(files, int(file.Fd()))
		}
	}
	for _, namespace := range []*os.File{c.Root, c.Network} {
		if namespace != nil {
			files = append(files, int(namespace.Fd()))
		}
	}
	packet, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	if len(packet) > mostOrder || len(files) > mostFiles {
		return nil, fmt.Errorf("%d bytes and %d files are more than one order takes", len(packet), len(files))
	}
	answered, err := l.send(packet, unix.UnixRights(files...))
	if err != nil {
		return nil, err
	}
	patience := time.AfterFunc(l.hung, l.kill)
	defer patience.Stop()
	a := <-answered
	return a.process, a.err
}

// kill ends the helper, which ends all that waits for it.
func (l *line) kill() { _ = l.helper.Kill() }

// send fails with errEnded, or because this order can't be sent.
func (l *line) send(packet, rights []byte) (chan answer, error) {
	answered := make(chan answer, 1)
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	if l.over {
		l.mu.Unlock()
		return nil, errEnded
	}
	l.waiting = append(l.waiting, answered)
	l.mu.Unlock()
	patience := time.AfterFunc(l.hung, l.kill)
	defer patience.Stop()
	_, _, err := l.conn.WriteMsgUnix(packet, rights, nil)
	if err == nil {
		return answered, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over || errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET) || errors.Is(err, net.ErrClosed) {
		return nil, errEnded
	}
	l.waiting = l.waiting[:len(l.waiting)-1] // nothing of it was sent
	return nil, err
}

// listen takes what the helper says until there is no more.
func (l *line) listen() {
	processes := map[int]*Process{}
	packet, rights := make([]byte, 4<<10), make([]byte, unix.CmsgSpace(4))
	for {
		n, m, _, _, err := l.conn.ReadMsgUnix(packet, rights)
		if err != nil || n == 0 {
			break
		}
		var said notice
		if err := json.Unmarshal(packet[:n], &said); err != nil {
			break
		}
		if said.Ended != nil {
			if p := processes[said.PID]; p != nil {
				delete(processes, said.PID)
				p.told <- *said.Ended
			}
			continue
		}
		a := l.answer(said, rights[:m])
		if a.process != nil {
			processes[said.PID] = a.process
		}
		l.mu.Lock()
		first := l.waiting[0]
		l.waiting = l.waiting[1:]
		l.mu.Unlock()
		first <- a
	}
	l.conn.Close() // so that the helper ends, if it has not
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	for _, answered := range l.waiting {
		answered <- answer{err: errEnded}
	}
	close(l.deaf)
}

func (l *line) answer(n notice, rights []byte) answer {
	if n.PID == 0 {
		return answer{err: os.NewSyscallError(n.Fault, n.Errno)}
	}
	files, err := received(rights)
	if err != nil || len(files) != 1 { // too many are open
		return answer{err: fmt.Errorf("no handle of process %d came: %w", n.PID, errors.Join(err, unix.EMFILE))}
	}
	pid := n.PID
	if l.apart {
		pid = pidOf(files[0])
	}
	return answer{process: newProcess(pid, files[0], l)}
}

// pidOf is what this process calls the other one; 0 if that has ended.
func pidOf(handle int) int {
	about, _ := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", handle))
	_, rest, _ := strings.Cut(string(about), "\nPid:")
	line, _, _ := strings.Cut(rest, "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(line))
	return max(pid, 0)
}
