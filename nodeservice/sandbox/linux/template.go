package linux

import (
	"fmt"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/wire"
)

// templateAge is after how long what the host has changed shows in new sandboxes. To
// make a template takes what a sandbox takes.
const templateAge = 10 * time.Second

// template is a mount namespace with the root that sandboxes have in common. They are born with
// a copy of it, which takes a quarter of what it takes to lay out a root of their own.
type template struct {
	runtime *Runtime

	mu     sync.Mutex // guards the fields below
	made   time.Time
	mounts *os.File // nil: there is none
}

// open returns the namespace, which the caller closes; nil where there is none, and each sandbox
// lays out its own root.
func (t *template) open() *os.File {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.made) > templateAge {
		t.renew()
	}
	if t.mounts == nil {
		return nil
	}
	fd, err := unix.FcntlInt(t.mounts.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	return os.NewFile(uintptr(fd), t.mounts.Name())
}

// renew makes a new one. t.mu is held.
func (t *template) renew() {
	mounts, err := t.runtime.layRoot()
	if err != nil && (t.mounts != nil || t.made.IsZero()) { // once
		t.runtime.log.Warn("each sandbox lays out its own root, which takes longer", zap.Error(err))
	}
	t.drop()
	t.made, t.mounts = time.Now(), mounts
}

// drop lets go of it. t.mu is held.
func (t *template) drop() {
	if t.mounts != nil {
		t.mounts.Close()
	}
	t.mounts = nil
}

func (t *template) close() {
	if t != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.drop()
	}
}

// layRoot has an agent lay out a root, in a mount namespace that lives on without it.
func (r *Runtime) layRoot() (*os.File, error) {
	spec := r.sandboxSpec("template", "", interpreterMounts(), false)
	spec.Layout = wire.LayoutTemplate
	a, err := startAgent(r.spawner, launch{path: r.agent, spec: spec})
	if err != nil {
		return nil, err
	}
	defer func() {
		a.close()
		_ = a.process.Kill()
		a.process.Wait()
	}()
	_ = a.conn.SetReadDeadline(time.Now().Add(trialTimeout))
	if _, err := a.conn.Read(make([]byte, 1)); err != nil {
		a.conn.Close()
		how := a.process.Wait()
		return nil, fmt.Errorf("lay out a root: agent: %s: %s", how, a.said)
	}
	return os.Open(fmt.Sprintf("/proc/%d/ns/mnt", a.process.Pid))
}
