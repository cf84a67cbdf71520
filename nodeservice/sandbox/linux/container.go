package linux

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/minifaas/minifaas/internal/wire"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/linux/cgroup"
	"github.com/minifaas/minifaas/nodeservice/sandbox/linux/egress"
)

var _ sandbox.Container = (*container)(nil)

// container is one sandbox. Its life: reserve → start → load → die → reap. It
// may die from start on; reap, run by the one goroutine that waits for
// the agent, follows by itself.
type container struct {
	runtime *Runtime
	// id names its cgroup, and its folder if it has one. name is what it is called outside, if
	// that is not the id, as it was in the pool first; runtime.mu guards it.
	id, name string
	uid      int
	memory   atomic.Int64  // limit in bytes
	cpu      float64       // quota in cores; sizing guards it once the container is created
	folder   string        // its own on the host; empty with namespaces, where it has none
	kind     kind          // that it was made as
	account  string        // whose function it is for, empty as long as nobody knows; runtime.mu guards it
	network  *os.File      // its network namespace, if a later container may have that
	group    *cgroup.Group // nil: none
	cpuMeter *cgroup.CPUMeter
	fault    error          // what is wrong with the function's code folder
	phases   sandbox.Phases // of its creation

	house  *house // nil: none
	agent  *agent
	client *wire.Client
	fork   fork
	broken *wire.LoadReply // set when the function failed to load

	done chan struct{} // closed when all its processes are dead
	gone chan struct{} // closed when nothing is left of it; removal says how that went

	sizing   sync.Mutex      // held while limits are changed
	mu       sync.Mutex      // guards the fields below
	requests map[string]bool // ids of the invocations in flight
	inFlight int
	link     *egress.Link // nil: none; set before the function is loaded
	rest     rest
	end      *cause
	removal  error
}

// cause is why a container died. The first one stands.
type cause struct {
	text  string
	oom   bool
	alone bool // there was one invocation in flight
}

// start starts the agent with these folders mounted, and the goroutines that wait for its end.
// What comes after its own files is passed on to the agent.
func (c *container) start(folders []*wire.Mount, more ...*os.File) (err error) {
	birthplace, err := c.runtime.birthplace(c.group)
	if err != nil {
		return err
	}
	defer closeAll(birthplace.Doors)
	l := launch{
		path:       c.runtime.agent,
		namespaced: c.runtime.namespaces,
		uid:        c.uid,
		owner:      c.namespaceOwner(),
		cgroup:     birthplace,
		spec:       c.runtime.sandboxSpec(c.id, c.folder, nil, c.kind.egress),
		more:       more,
	}
	if c.kind.full {
		l.path = c.runtime.fullAgent
	}
	if l.root = c.beginRoot(); l.root != nil {
		defer l.root.Close()
		l.spec.Layout = wire.LayoutShared
		l.network = c.runtime.networks.take(c.tenant())
	} else {
		l.spec.Mounts = append(interpreterMounts(), folders...)
	}
	if c.zygote() {
		l.spec.HostUser, l.spec.Filter = uint32(c.uid), c.runtime.zygoteFilter
	}
	c.agent, err = startAgent(c.spawner(), l)
	if err != nil {
		l.network.Close()
		return err
	}
	if c.network = l.network; c.network == nil && l.root != nil {
		c.network = c.agent.network()
	}
	if c.group != nil {
		c.cpuMeter = c.group.CPUMeter()
	}
	c.client = wire.NewClient(c.agent.conn)
	oom, err := c.watchOOM()
	if err == nil {
		err = c.runtime.add(c)
	}
	go c.reap(oom)
	if err == nil && l.root != nil && len(folders) > 0 {
		err = c.agent.attach(folders, "")
	}
	if err != nil {
		c.die(cause{text: err.Error()})
		<-c.gone
		return err
	}
	return nil
}

// beginRoot is the root that the sandbox begins with, which the caller closes; nil where it lays out its
// own: by its network device, which is the host's, or in a house, whose helper sees other processes.
func (c *container) beginRoot() *os.File {
	if c.kind.egress || c.house != nil {
		return nil
	}
	return c.runtime.root.open()
}

// watchOOM lets the container die as a whole where the kernel would kill one process of it.
func (c *container) watchOOM() (*os.File, error) {
	if c.group == nil {
		return nil, nil
	}
	event, err := c.group.WatchOOM()
	if err != nil || event == nil {
		return nil, err
	}
	go func() {
		var count [8]byte
		for {
			if _, err := event.Read(count[:]); err != nil {
				return
			}
			if c.awaitOOMKill() {
				c.die(c.outOfMemory())
			}
		}
	}()
	return event, nil
}

// awaitOOMKill: the event also comes when the node as a whole has run out of memory,
// and it comes before the kill.
func (c *container) awaitOOMKill() bool {
	for range 20 {
		if c.oomKilled() {
			return true
		}
		time.Sleep(5 * time.Millisecond)
	}
	return false
}

func (c *container) outOfMemory() cause {
	return cause{oom: true, text: fmt.Sprintf("it used more than its %d MiB", c.memory.Load()>>20)}
}

// die kills everything in the sandbox, for that reason unless it had one already. It does not wait.
func (c *container) die(why cause) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end == nil {
		why.alone = c.inFlight == 1
		c.end = &why
	}
	select {
	case <-c.done: // the pid may be somebody else's by now
	default:
		if _, err := c.thaw(); err != nil { // frozen, it would not die
			c.runtime.log.Error("kill container: thaw failed", zap.String("container", c.called()), zap.Error(err))
		}
		c.agent.kill()
	}
}

// reap waits for the agent's death, then removes all there was of the container.
func (c *container) reap(oom *os.File) {
	select {
	case <-c.agent.process.Done():
	case <-c.agent.process.Orphaned():
		c.die(cause{text: "what had started it has ended"}) // it is being killed; frozen, it would not die
	}
	how := c.agent.process.Wait()
	end := fmt.Sprint("agent ended: ", how)
	faults := []error{c.killRest()}
	c.agent.said.close()
	if said := c.agent.said.String(); said != "" {
		end += ": " + said
	}
	c.mu.Lock()
	if c.end == nil {
		c.end = &cause{text: end, alone: c.inFlight == 1}
		if c.oomKilled() {
			*c.end = c.outOfMemory()
			c.end.alone = c.inFlight == 1
		}
	}
	close(c.done)
	link := c.link
	c.mu.Unlock()
	link.Close()

	if oom != nil {
		oom.Close()
	}
	_ = c.cpuMeter.Close()
	c.agent.close()
	c.runtime.networks.keep(c.tenant(), c.network)
	removal := errors.Join(append(faults, c.remove(how.User+how.System))...)
	c.mu.Lock()
	c.removal = removal
	c.mu.Unlock()
	if removal != nil {
		c.runtime.log.Error("container left something behind", zap.String("container", c.called()), zap.Error(removal))
	}
	close(c.gone)
}

// killRest ends what may have outlived the agent: nothing where the agent was the first of its
// pid namespace, but for what a function's zygote may have put into the cgroup.
func (c *container) killRest() error {
	if c.agent.namespaced && c.house == nil || c.group == nil {
		return nil
	}
	return c.insist(c.group.Kill)
}

// insist does it to the cgroup, if need be without the zygote that puts things into it.
func (c *container) insist(do func() error) error {
	err := do()
	if err == nil || c.house == nil {
		return err
	}
	c.house.end(c.runtime, err)
	return errors.Join(c.group.Kill(), do())
}

// oomKilled reports whether the kernel has killed something in here for want of memory.
func (c *container) oomKilled() bool {
	if c.group == nil {
		return false
	}
	kills, err := c.group.OOMKills()
	return err == nil && kills > 0
}

// remove removes the cgroup, the folder and the reservation.
func (c *container) remove(spent time.Duration) error {
	defer c.runtime.forget(c, spent)
	c.checkDebris()
	return c.removeRest()
}

// removeRest removes the cgroup and the folder; it may be repeated.
func (c *container) removeRest() error {
	var faults []error
	if c.group != nil {
		faults = append(faults, c.insist(c.group.Remove))
	}
	if c.folder != "" {
		faults = append(faults, os.RemoveAll(c.folder))
	}
	return errors.Join(faults...)
}

// abandon gives back what a container took whose agent never started.
func (c *container) abandon() {
	if c.agent == nil {
		_ = c.remove(0)
	}
}

// Kill kills the container and waits until it is gone.
func (c *container) Kill() error {
	c.die(cause{text: "it was removed"})
	<-c.gone
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.removal != nil {
		// What could not be removed then may be by now.
		c.removal = c.removeRest()
	}
	if c.removal != nil {
		return fmt.Errorf("kill container %s: %w", c.called(), c.removal)
	}
	return nil
}

// Done is closed when the container is dead.
func (c *container) Done() <-chan struct{} { return c.done }

// Usage is what the container uses. A dead one is an error that wraps ErrLost.
func (c *container) Usage() (sandbox.Usage, error) {
	select {
	case <-c.done:
		return sandbox.Usage{}, fmt.Errorf("usage of container %s: %w", c.called(), sandbox.ErrLost)
	default:
	}
	if c.group == nil || !c.runtime.host.Limited("memory") {
		return processUsage(c.agent.process.Pid), nil
	}
	u, err := c.group.Usage()
	if err != nil {
		return sandbox.Usage{}, fmt.Errorf("usage of container %s: %w", c.called(), err)
	}
	return sandbox.Usage(u), nil
}
