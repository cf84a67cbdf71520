package linux

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/python"
	"github.com/minifaas/minifaas/internal/spawn"
	"github.com/minifaas/minifaas/internal/wire"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/linux/cgroup"
)

const (
	// zygoteRoom is what a function's zygote may take beyond what it held when it was ready,
	// and helperHolds about what its helper takes, in bytes.
	zygoteRoom  = 16 << 20
	helperHolds = 4 << 20
	// functionFork is how long one may take to put a worker into a sandbox: some 10 ms.
	functionFork = time.Second
)

// breedOfFunction is the breed of a function's own zygote. It is false for functions that
// have not declared that their containers may begin from an initialised state.
func breedOfFunction(spec sandbox.Spec, program interpreter) (breed, bool) {
	f := spec.Function
	if f.Runtime != function.Python3 || !f.Snapshot {
		return breed{}, false
	}
	return breed{program.path, "", f.Name.String() + " " + strconv.FormatInt(spec.Memory, 10)}, true
}

// startFunctionZygote makes a sandbox in which the function is initialised, and returns
// when its worker is ready to be forked, or can't be. It has run the function's code: nothing
// is believed that it says, and what it may do is what the kernel lets it.
func (r *Runtime) startFunctionZygote(id string, b breed, spec sandbox.Spec) (*zygote, error) {
	if r.host == nil {
		return nil, errors.New("without cgroups there would be no end of what its modules start")
	}
	if mode, err := os.ReadFile("/proc/sys/fs/suid_dumpable"); err != nil || strings.TrimSpace(string(mode)) == "1" {
		return nil, errors.Join(errors.New("the host's agents are open to debuggers (sysctl fs.suid_dumpable=1), and so to it"), err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), r.cfg.LoadTimeout)
	defer cancel()
	go func() {
		select {
		case <-r.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	code, fault, err := r.code.get(ctx, spec.Function)
	if err = errors.Join(err, fault); err != nil {
		return nil, err
	}
	c, err := r.newHouse(id, spec.Memory)
	if err != nil {
		return nil, err
	}
	z, err := c.hatch(ctx, r.loadRequest(spec, code, "", interpreter{path: b.interpreter}), r.mounts(code, ""))
	if err != nil {
		c.abandon()
		if c.agent != nil {
			_ = c.Kill()
		}
		return nil, err
	}
	z.breed, z.patience = b, functionFork
	return z, nil
}

// newHouse makes the container of a function's zygote.
func (r *Runtime) newHouse(id string, memory int64) (*container, error) {
	return r.newContainer(id, memory, kind{}, &house{spawner: spawn.NewApart(r.agent)})
}

func (c *container) hatch(ctx context.Context, request *wire.LoadRequest, folders []*wire.Mount) (*zygote, error) {
	ours, theirs, err := socketPair(unix.SOCK_SEQPACKET)
	if err != nil {
		return nil, err
	}
	defer ours.Close()
	defer theirs.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, err
	}
	z := &zygote{container: c, conn: conn.(*net.UnixConn), done: c.gone, holds: zygoteHolds}
	configuration, err := python.FunctionConfiguration(c.runtime.confinement)
	if err == nil {
		err = c.start(folders, theirs)
	}
	if err == nil {
		theirs.Close() // so that its end is seen
		z.process, z.said = c.agent.process, c.agent.said
		err = z.send(zygoteStart, configuration, nil)
	}
	if err == nil {
		request.Zygote = true
		err = c.load(ctx, request)
	}
	if err == nil && c.broken != nil {
		err = fmt.Errorf("%s: %s", c.broken.Error.Type, c.broken.Error.Message)
	}
	if err == nil {
		err = z.settle(c)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	go func() {
		<-c.done
		conn.Close()
	}()
	return z, nil
}

// settle finds what it holds, and lets it have little more.
func (z *zygote) settle(c *container) error {
	if !c.runtime.host.Limited("memory") {
		return nil
	}
	usage, err := c.group.Usage()
	if err != nil {
		return err
	}
	z.holds = max(usage.Memory, zygoteHolds) + helperHolds
	limit := min(usage.Memory+zygoteRoom, c.memory.Load())
	c.memory.Store(limit)
	return c.group.Set(cgroup.Limits{Memory: limit})
}

// home is where sandboxes for its forks are made; nil is anywhere.
func (z *zygote) home() *house {
	if z == nil || z.container == nil {
		return nil
	}
	return z.container.house
}

// worn: it is to be replaced.
func (z *zygote) worn() bool {
	return z.container != nil && z.container.runtime.worn(z.container.house)
}

// wake lets it run, if it is frozen, until rest is called.
func (z *zygote) wake() (rest func(), err error) {
	if z.container == nil {
		return func() {}, nil
	}
	id, _, err := z.container.enter("fork")
	if err != nil {
		return func() {}, err
	}
	return func() { z.container.leave(id) }, nil
}

// end kills it, and does not wait.
func (z *zygote) end() {
	if z.container != nil {
		z.container.die(cause{text: "it is not wanted as a zygote"})
		return
	}
	_ = z.process.Kill()
}

// doors by which its forks get into the container's cgroup.
func (z *zygote) doors(g *cgroup.Group) ([]*os.File, error) {
	if z.container != nil {
		return g.Files()
	}
	return g.Doors()
}
