package linux

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/python"
	"github.com/minifaas/minifaas/internal/spawn"
	"github.com/minifaas/minifaas/nodeservice/sandbox/linux/cgroup"
)

const (
	// zygoteStart is how long a zygote may take to import what it preloads.
	zygoteStart = 20 * time.Second
	// zygoteFork is how long it may take to put a worker into a sandbox: some 2 ms.
	zygoteFork = 5 * time.Second
	// zygoteLimit is its memory limit, and zygoteHolds about what one takes without
	// modules, where no cgroup tells; both in bytes.
	zygoteLimit = 512 << 20
	zygoteHolds = 12 << 20
	// zygoteProcesses are enough for itself and the forks that are on their way.
	zygoteProcesses = 32
	// zygoteAnswer bounds what it says at once, in bytes.
	zygoteAnswer = 4 << 10
)

// zygote is a Python interpreter whose forks become the workers of containers.
//
// A tenant's is outside of all sandboxes, and has run nothing of any function. Its forks
// are in one tenant's containers alone, as they know the same hash secret. It is root, with
// the host's files read-only and no network. That of a function, which has initialised it,
// is in a sandbox of its own: see house.
type zygote struct {
	process *spawn.Process
	conn    *net.UnixConn
	group   *cgroup.Group // nil: none
	said    *tail         // on stderr
	done    chan struct{} // closed when it is dead and nothing is left of it
	holds   int64         // bytes
	// patience is for a fork.
	patience time.Duration

	turn sync.Mutex // held from a request to its answer

	breed     breed
	container *container // in which a function's is; nil: it is a tenant's
	account   string     // of the tenant whose it is; "" until one takes it; guarded by zygotes.mu
	used      time.Time  // last; guarded by zygotes.mu
	dismissed bool       // it is ended on purpose; guarded by zygotes.mu
}

// startZygote returns when the zygote has imported its modules, in so much memory, or can't.
func (r *Runtime) startZygote(name string, b breed, memory int64) (*zygote, error) {
	z := &zygote{breed: b, done: make(chan struct{}), holds: zygoteHolds, patience: zygoteFork}
	if r.host != nil {
		group, err := r.host.Create(filepath.Join(r.nodePath(), name), cgroup.Limits{Memory: min(zygoteLimit, r.cfg.Memory, max(memory, 2*zygoteHolds)), Pids: zygoteProcesses})
		if err != nil {
			return nil, err
		}
		z.group = group
	}
	if err := z.start(r, b.interpreter); err != nil {
		if z.group != nil {
			_ = z.group.Remove()
		}
		return nil, fmt.Errorf("start zygote: %w", err)
	}
	go z.reap()
	configuration, err := python.Configuration(b.modules(), r.confinement)
	if err == nil {
		err = z.configure(configuration)
	}
	if err != nil {
		z.kill()
		return nil, fmt.Errorf("start zygote: %w", err)
	}
	if z.group != nil && r.host.Limited("memory") {
		if usage, err := z.group.Usage(); err == nil {
			z.holds = max(usage.Memory, zygoteHolds)
		}
	}
	return z, nil
}

func (z *zygote) start(r *Runtime, interpreter string) error {
	ours, theirs, err := socketPair(unix.SOCK_SEQPACKET)
	if err != nil {
		return err
	}
	defer ours.Close()
	defer theirs.Close()
	stdin, err := pipeOf(python.Zygote())
	if err != nil {
		return err
	}
	defer stdin.Close()
	birthplace, err := r.birthplace(z.group)
	if err != nil {
		return err
	}
	defer closeAll(birthplace.Doors)
	conn, err := net.FileConn(ours)
	if err != nil {
		return err
	}
	z.conn = conn.(*net.UnixConn)
	said, stderr, err := newTail()
	if err != nil {
		conn.Close()
		return err
	}
	z.said = said
	defer stderr.Close()
	z.process, err = r.spawner.Start(spawn.Command{
		Path: interpreter, Args: append([]string{interpreter}, python.Arguments...), Dir: "/",
		Env:   []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/tmp", "TMPDIR=/tmp", "LANG=C.UTF-8"},
		Files: []*os.File{stdin, stderr, stderr, theirs},
		Attributes: &syscall.SysProcAttr{
			Setsid: true, Pdeathsig: syscall.SIGKILL,
			Unshareflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
		},
		Cgroup: birthplace,
	})
	if err != nil {
		conn.Close()
		stderr.Close()
		said.close()
	}
	return err
}

// fork asks for a worker in a sandbox: files are the worker's socket and output, the way
// into it, and the doors of its cgroup. Answered is called in any case; an
// error means that there is, or will be, no worker. It is safe for concurrent use.
func (z *zygote) fork(files []*os.File, answered func(error)) {
	z.turn.Lock()
	rest, err := z.wake()
	if err == nil {
		err = z.send(z.patience, []byte("fork"), rights(files))
	}
	go func() {
		defer z.turn.Unlock()
		if err == nil {
			err = z.answer()
		}
		rest()
		answered(err)
	}()
}

// configure returns when the zygote is ready, or can't be.
func (z *zygote) configure(configuration []byte) error {
	if err := z.send(zygoteStart, configuration, nil); err != nil {
		return err
	}
	return z.answer()
}

// send sends a packet, which is to be answered in that time.
func (z *zygote) send(patience time.Duration, packet, rights []byte) error {
	_ = z.conn.SetDeadline(time.Now().Add(patience))
	if _, _, err := z.conn.WriteMsgUnix(packet, rights, nil); err != nil {
		return fmt.Errorf("zygote: %w: %s", err, z.said)
	}
	return nil
}

// answer waits for it. A zygote that gives none is killed.
func (z *zygote) answer() error {
	answer := make([]byte, zygoteAnswer)
	n, err := z.conn.Read(answer)
	switch {
	case err != nil:
		z.end()
		return fmt.Errorf("zygote: %w: %s", err, z.said)
	case string(answer[:n]) != "ok":
		return fmt.Errorf("zygote: %s: %s", answer[:n], z.said)
	}
	return nil
}

// kill ends it and returns when nothing of it is left.
func (z *zygote) kill() {
	z.end()
	<-z.done
}

func (z *zygote) reap() {
	defer close(z.done)
	z.process.Wait()
	z.said.close()
	z.conn.Close()
	if z.group != nil {
		_ = z.group.Kill()   // what its modules have started
		_ = z.group.Remove() // else the node's end removes it
	}
}

func (z *zygote) dead() bool {
	select {
	case <-z.done:
		return true
	default:
		return false
	}
}
