package spawn

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrClosed: the Spawner starts nothing any more.
var ErrClosed = errors.New("spawner closed")

// Spawner starts processes. It is safe for concurrent use.
type Spawner struct {
	path string

	mu     sync.Mutex // guards the fields below
	line   *line      // to the helper; nil or dead: there is none
	closed bool
}

// New makes a Spawner whose helper is the program at path, which is started with Argument
// and its socket as descriptor 3 when it is needed first, and again whenever it has ended.
func New(path string) *Spawner { return &Spawner{path: path} }

// Start starts the process.
func (s *Spawner) Start(c Command) (*Process, error) {
	for again := true; ; again = false {
		l, err := s.get()
		if err != nil {
			return nil, err
		}
		p, err := l.start(c)
		if err == errEnded {
			<-l.dead // and so is what it may have started
			if err = fmt.Errorf("start %s: %w: %s", c.Path, err, l.last); again {
				continue
			}
		}
		return p, err
	}
}

// Close ends the helper, which kills every process that is left, and returns when it has ended.
func (s *Spawner) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.line != nil {
		_ = s.line.conn.CloseWrite()
		<-s.line.dead
	}
}

func (s *Spawner) get() (*line, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if s.line != nil {
		select {
		case <-s.line.dead:
		default:
			return s.line, nil
		}
	}
	l, err := open(s.path)
	if err != nil {
		return nil, fmt.Errorf("start helper: %w", err)
	}
	s.line = l
	return l, nil
}

// errEnded: the helper has ended before it answered.
var errEnded = errors.New("helper ended")

// line is the node's side of one helper's life.
type line struct {
	conn *net.UnixConn
	dead chan struct{} // closed when it has ended, with how in last
	last string

	mu      sync.Mutex // guards the fields below, and the order of orders
	waiting []chan answer
	over    bool
}

type answer struct {
	process *Process
	err     error
}

func open(path string) (*line, error) {
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
	l := &line{conn: conn.(*net.UnixConn), dead: make(chan struct{})}
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
	process, err := os.StartProcess(path, []string{path, Argument}, &os.ProcAttr{
		Dir:   "/",
		Env:   []string{"GOMAXPROCS=1"},
		Files: []*os.File{nil, nil, os.Stderr, socket},
		Sys:   &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL},
	})
	begun <- err
	if err != nil {
		return
	}
	heard := make(chan struct{})
	go func() { defer close(heard); l.listen() }()
	state, err := process.Wait()
	l.conn.Close()
	<-heard
	if l.last = fmt.Sprint(state); err != nil {
		l.last = err.Error()
	}
	close(l.dead)
}

func (l *line) start(c Command) (*Process, error) {
	o := order{
		Path: c.Path, Args: c.Args, Env: c.Env, Dir: c.Dir, Attributes: c.Attributes,
		Files: len(c.Files), Doors: len(c.Cgroup.Doors), Homes: len(c.Cgroup.Homes),
	}
	var files []int
	for _, some := range [][]*os.File{c.Files, c.Cgroup.Doors, c.Cgroup.Homes} {
		for _, file := range some {
			files = append(files, int(file.Fd()))
		}
	}
	packet, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	if len(packet) > mostOrder || len(files) > mostFiles {
		return nil, fmt.Errorf("start %s: %d bytes and %d files are more than one order takes", c.Path, len(packet), len(files))
	}
	answered := make(chan answer, 1)
	if err := l.send(packet, unix.UnixRights(files...), answered); err != nil {
		return nil, errEnded
	}
	a := <-answered
	return a.process, a.err
}

func (l *line) send(packet, rights []byte, answered chan answer) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return errEnded
	}
	if _, _, err := l.conn.WriteMsgUnix(packet, rights, nil); err != nil {
		l.conn.Close()
		return err
	}
	l.waiting = append(l.waiting, answered)
	return nil
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
				p.ended(*said.Ended)
			}
			continue
		}
		a := said.answer(rights[:m])
		if a.process != nil {
			processes[said.PID] = a.process
		}
		l.mu.Lock()
		first := l.waiting[0]
		l.waiting = l.waiting[1:]
		l.mu.Unlock()
		first <- a
	}
	l.mu.Lock()
	l.over = true
	for _, answered := range l.waiting {
		answered <- answer{err: errEnded}
	}
	l.mu.Unlock()
	for _, p := range processes {
		p.awaitDeath()
		p.ended(End{Lost: true})
	}
}

func (n *notice) answer(rights []byte) answer {
	if n.PID == 0 {
		return answer{err: os.NewSyscallError(n.Fault, n.Errno)}
	}
	files, err := received(rights)
	if err != nil || len(files) != 1 {
		return answer{err: fmt.Errorf("start: no handle of process %d came: %v", n.PID, err)}
	}
	return answer{process: &Process{Pid: n.PID, handle: os.NewFile(uintptr(files[0]), "process"), done: make(chan struct{})}}
}

// awaitDeath waits for a process that is being killed as the helper has ended.
func (p *Process) awaitDeath() {
	_ = p.Kill()
	_ = p.WithHandle(func(pidfd uintptr) {
		for {
			if _, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, -1); err != unix.EINTR {
				return
			}
		}
	})
}
