package linux

import (
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/proto"

	"github.com/minifaas/minifaas/nodeservice/sandbox/linux/cgroup"
	containerservicepb "github.com/minifaas/minifaas/proto/containerservice"
)

// agent is the first process of a sandbox, and the connection to it.
type agent struct {
	process *os.Process
	// namespaced: when it dies, the kernel kills all others of the sandbox.
	namespaced bool
	conn       net.Conn
	errors     *tail
}

// launch is what start needs to know.
type launch struct {
	path       string
	namespaced bool
	spec       *containerservicepb.SandboxSpec
	// uid is the host's id of the sandbox's user; 0 is that of this process.
	uid   int
	group *cgroup.Group // nil: none
}

// environment of the agent. Nothing of ours goes in. One P, since the agent only
// passes messages, and since each of its threads makes shutting itself in slower
// (measured: 1.5 ms instead of 2.8 to empty the bounding set).
var environment = []string{
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/tmp",
	"LANG=C.UTF-8",
	"GOMAXPROCS=1",
}

func startAgent(s *spawner, l launch) (*agent, error) {
	spec, err := specFile(l.spec)
	if err != nil {
		return nil, err
	}
	defer spec.Close()
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	defer ours.Close()
	errors, stderr, err := newTail()
	if err != nil {
		return nil, err
	}
	defer stderr.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		errors.close()
		return nil, err
	}
	defer null.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		errors.close()
		return nil, fmt.Errorf("connect to agent: %w", err)
	}

	attributes, enter, cleanup, err := l.attributes()
	if err != nil {
		conn.Close()
		errors.close()
		return nil, err
	}
	defer cleanup()
	process, err := s.start(l.path, []string{"containerservice"}, &os.ProcAttr{
		Dir:   "/",
		Env:   environment,
		Files: []*os.File{null, stderr, stderr, spec, theirs},
		Sys:   attributes,
	}, enter)
	if err != nil {
		conn.Close()
		errors.close()
		return nil, fmt.Errorf("start agent: %w", err)
	}
	return &agent{process: process, namespaced: l.namespaced, conn: conn, errors: errors}, nil
}

// attributes are those of the process: its namespaces, user and cgroup.
func (l launch) attributes() (*syscall.SysProcAttr, func() (func() error, error), func(), error) {
	a := &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	asRoot := os.Geteuid() == 0
	if l.namespaced {
		a.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS |
			syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS
		hostUID, hostGID := l.uid, l.uid
		if !asRoot {
			hostUID, hostGID = os.Geteuid(), os.Getegid()
		}
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: hostUID, Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: hostGID, Size: 1}}
		a.GidMappingsEnableSetgroups = asRoot
		a.Credential = &syscall.Credential{NoSetGroups: !asRoot}
	} else if asRoot {
		a.Credential = &syscall.Credential{Uid: uint32(l.uid), Gid: uint32(l.uid)}
	}
	stay := func() (func() error, error) { return func() error { return nil }, nil }
	if l.group == nil {
		return a, stay, func() {}, nil
	}
	folder, err := l.group.Folder()
	if err != nil {
		return nil, nil, nil, fmt.Errorf("open cgroup: %w", err)
	}
	if folder != nil {
		a.UseCgroupFD, a.CgroupFD = true, int(folder.Fd())
		return a, stay, func() { folder.Close() }, nil
	}
	return a, l.group.Enter, func() {}, nil
}

// specFile is a pipe that holds the spec, whole: it is far smaller than a pipe's buffer.
func specFile(spec *containerservicepb.SandboxSpec) (*os.File, error) {
	message, err := proto.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("encode sandbox spec: %w", err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make spec pipe: %w", err)
	}
	defer write.Close()
	if len(message) > 32<<10 {
		read.Close()
		return nil, fmt.Errorf("sandbox spec has %d bytes, more than a pipe holds", len(message))
	}
	if _, err := write.Write(message); err != nil {
		read.Close()
		return nil, fmt.Errorf("write sandbox spec: %w", err)
	}
	return read, nil
}

func socketPair() (ours, theirs *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make socket pair: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "agent"), os.NewFile(uintptr(fds[1]), "node"), nil
}
