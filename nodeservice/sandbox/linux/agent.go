package linux

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/spawn"
	"github.com/minifaas/minifaas/internal/wire"
	"github.com/minifaas/minifaas/nodeservice/sandbox/linux/cgroup"
)

// agent is the first process of a sandbox, and the connection to it.
type agent struct {
	process *spawn.Process
	// namespaced: when it dies, the kernel kills all others of the sandbox.
	namespaced bool
	conn       net.Conn
	device     *net.UnixConn // over which the agent gives its network device; nil: it makes none
	said       *tail         // on stderr
}

// launch is what start needs to know.
type launch struct {
	path       string
	namespaced bool
	spec       *wire.SandboxSpec
	// uid is the host's id of the sandbox's user; 0 is that of this process.
	uid int
	// owner is that to whom the sandbox's user namespace belongs; see house.
	owner  int
	cgroup spawn.Cgroup
	root   *os.File // see template; nil: it lays out its own
	// network is one that another sandbox has left clean; nil: it gets a new one. See networks.
	network *os.File
	more    []*os.File // its descriptors from 5 on
}

// agentEnvironment: nothing of ours goes in. One P, as the agent only
// passes messages, and as every thread that it has makes it slower to shut itself in.
var agentEnvironment = []string{
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/tmp",
	"LANG=C.UTF-8",
	"GOMAXPROCS=1",
}

// agentSlack spares the agent what the Go runtime does every 20 µs while anything runs: to look
// whether a system call takes long.
const agentSlack = 300 * time.Microsecond

// startAgent starts an agent inside its cgroup. It does not wait for it to be ready.
func startAgent(s *spawn.Spawner, l launch) (*agent, error) {
	spec, err := pipeOf(wire.EncodeSpec(l.spec))
	if err != nil {
		return nil, err
	}
	defer spec.Close()
	ours, theirs, err := socketPair(unix.SOCK_STREAM)
	if err != nil {
		return nil, err
	}
	defer ours.Close()
	defer theirs.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, fmt.Errorf("start agent: %w", err)
	}
	defer null.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, fmt.Errorf("connect to agent: %w", err)
	}
	said, stderr, err := newTail()
	if err != nil {
		conn.Close()
		return nil, err
	}
	defer stderr.Close()
	a := &agent{namespaced: l.namespaced && l.spec.HostUser == 0, conn: conn, said: said}
	files := append([]*os.File{null, stderr, stderr, spec, theirs}, l.more...)
	if l.spec.Egress {
		socket, err := a.awaitDevice()
		if err != nil {
			a.close()
			return nil, err
		}
		defer socket.Close()
		files = append(files, socket)
	}
	path := l.path
	if l.root != nil { // where that path leads nowhere
		program, err := os.OpenFile(l.path, unix.O_PATH, 0)
		if err != nil {
			a.close()
			return nil, fmt.Errorf("start agent: %w", err)
		}
		defer program.Close()
		path = fmt.Sprint("/proc/self/fd/", len(files))
		files = append(files, program)
	}
	a.process, err = s.Start(spawn.Command{
		Path: path, Args: []string{"containerservice"}, Env: agentEnvironment, Dir: "/",
		Files:      files,
		Attributes: l.attributes(),
		Cgroup:     l.cgroup,
		Owner:      l.owner,
		Root:       l.root,
		Network:    l.network,
		Slack:      agentSlack,
	})
	if err != nil {
		a.close()
		return nil, fmt.Errorf("start agent: %w", err)
	}
	return a, nil
}

// network is its network namespace, which the caller closes; nil where it has ended.
func (a *agent) network() *os.File {
	namespace, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", a.process.Pid))
	if err != nil {
		return nil
	}
	if a.process.Signal(0) != nil { // it has ended, and the number may have been another's
		namespace.Close()
		return nil
	}
	return namespace
}

// close ends what there is without the process.
func (a *agent) close() {
	a.conn.Close()
	if a.device != nil {
		a.device.Close()
	}
	a.said.close()
}

// attributes are the process's namespaces and user.
func (l launch) attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if l.spec.Layout == wire.LayoutTemplate {
		a.Cloneflags = syscall.CLONE_NEWNS
		return a
	}
	asRoot := os.Geteuid() == 0
	if !l.namespaced {
		if asRoot {
			a.Credential = &syscall.Credential{Uid: uint32(l.uid), Gid: uint32(l.uid)}
		}
		return a
	}
	a.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS |
		syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS
	if l.network != nil {
		a.Cloneflags &^= syscall.CLONE_NEWNET
	}
	if l.spec.HostUser != 0 {
		// It becomes that user itself, and shares the pid namespace of what its forks enter.
		a.Cloneflags &^= syscall.CLONE_NEWUSER | syscall.CLONE_NEWPID
		return a
	}
	uid, gid := l.uid, l.uid
	if !asRoot {
		uid, gid = os.Geteuid(), os.Getegid()
	}
	a.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
	a.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: gid, Size: 1}}
	a.GidMappingsEnableSetgroups = asRoot
	a.Credential = &syscall.Credential{NoSetGroups: !asRoot}
	return a
}

// birthplace lets a process be born in the group, if there is one; the caller closes it.
func (r *Runtime) birthplace(g *cgroup.Group) (spawn.Cgroup, error) {
	if g == nil {
		return spawn.Cgroup{}, nil
	}
	doors, err := g.Doors()
	return spawn.Cgroup{Doors: doors, Homes: r.homes}, err
}

func closeAll(files []*os.File) {
	for _, file := range files {
		file.Close()
	}
}

// pipeOf is a pipe that reads as b, whole: b must be far smaller than a pipe's buffer.
func pipeOf(b []byte) (*os.File, error) {
	if len(b) > 32<<10 {
		return nil, fmt.Errorf("make pipe: %d bytes are more than it holds", len(b))
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make pipe: %w", err)
	}
	defer write.Close()
	if _, err := write.Write(b); err != nil {
		read.Close()
		return nil, fmt.Errorf("fill pipe: %w", err)
	}
	return read, nil
}

func socketPair(kind int) (ours, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make socket pair: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "ours"), os.NewFile(uintptr(fds[1]), "theirs"), nil
}
