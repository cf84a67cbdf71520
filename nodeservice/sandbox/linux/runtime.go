// Package linux makes containers out of the kernel's own means: namespaces, a
// root of bind mounts, cgroups, and the agent's seccomp and landlock rules. It
// needs no container engine and no image.
//
// A sandbox is a process tree under one agent. The node starts the agent inside
// the container's cgroup, as a user of its own, and speaks to it over a socket
// pair that nothing else can reach; the agent shuts itself in before it runs
// any function. When the agent dies, for whatever reason, all of the sandbox
// dies, and what the host had of it is removed. When the node dies, the kernel kills its agents.
//
// As root this is the whole of it. Another user gets what the kernel grants:
// see Runtime.Missing.
package linux

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/jail"
	"github.com/minifaas/minifaas/internal/seccompfilter"
	"github.com/minifaas/minifaas/internal/spawn"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/linux/cgroup"
	"github.com/minifaas/minifaas/nodeservice/sandbox/linux/egress"
)

var (
	_ sandbox.Runtime = (*Runtime)(nil)
	_ sandbox.Reserve = (*Runtime)(nil)

	_ prometheus.Collector = (*Runtime)(nil)
)

// ErrClosed: the runtime makes no more containers.
var ErrClosed = errors.New("sandbox runtime closed")

// Runtime makes the containers of one node.
type Runtime struct {
	cfg       Config
	log       *zap.Logger
	state     *stateDir
	agent     string
	fullAgent string
	filter    []byte // of system calls, for all agents
	// zygoteFilter is that of functions' zygotes.
	zygoteFilter []byte
	namespaces   bool
	missing      []string

	host *cgroup.Host  // nil: no cgroups
	node *cgroup.Group // nil: no cgroups

	homes   []*os.File     // see cgroup.Host
	spawner *spawn.Spawner // starts all processes
	root    *template      // nil: each sandbox lays out its own
	// networks is nil where each sandbox has a new one.
	networks *networks
	gateway  *egress.Gateway
	code     *codeStore
	modules  *moduleStore
	pool     *pool    // nil: every container is made when it is asked for
	zygotes  *zygotes // nil: every interpreter is started for its container
	// confinement is what the zygotes' forks do to themselves.
	confinement jail.Confinement
	spare       spare
	creations   *creations
	houses      sync.WaitGroup // whose helpers end
	closing     chan struct{}
	watchdog    *watchdog // nil: the memory cgroup does it

	mu         sync.Mutex // guards the fields below
	ids        map[string]bool
	users      map[int]bool
	containers map[*container]bool // those whose agent runs, or has just ended
	inhabited  map[*house]bool
	spent      time.Duration // CPU of those that are gone, where no cgroup counts it
	closed     bool
}

// New takes the state folder, removes what a killed node left in it, makes the
// node's cgroup and tries a sandbox, so that a host on which none can run is
// found out here. The error says what to do about it.
func New(cfg Config) (*Runtime, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("sandbox configuration: %w", err)
	}
	r := &Runtime{
		cfg:        cfg.withDefaults(),
		ids:        map[string]bool{},
		users:      map[int]bool{},
		containers: map[*container]bool{},
		inhabited:  map[*house]bool{},
		closing:    make(chan struct{}),
	}
	r.log = r.cfg.Log
	r.creations = newCreations(r.cfg.CreateConcurrency)
	if err := r.prepare(); err != nil {
		_ = r.Close()
		return nil, fmt.Errorf("prepare sandboxes: %w", err)
	}
	return r, nil
}

func (r *Runtime) prepare() (err error) {
	if r.state, err = takeState(r.cfg.StateDir, r.nodePath(), os.Geteuid() == 0); err != nil {
		return err
	}
	if err := sweep(r.cfg.StateDir, r.nodePath()); err != nil {
		return err
	}
	if err := r.state.fill(); err != nil {
		return err
	}
	r.code = &codeStore{dir: r.state.code()}
	r.modules = &moduleStore{dir: r.state.modules(), compile: r.compile}
	if r.agent, err = r.state.agent(r.cfg.AgentPath, "containerservice"); err != nil {
		return err
	}
	r.fullAgent = r.agent
	if r.cfg.FullAgentPath != r.cfg.AgentPath {
		if r.fullAgent, err = r.state.agent(r.cfg.FullAgentPath, "containerservice-full"); err != nil {
			return err
		}
	}
	r.spawner = spawn.New(r.agent)
	r.gateway = egress.New(r.cfg.EgressDeny, r.log)
	if r.filter, err = seccompfilter.Assemble(); err != nil {
		return err
	}
	if err := r.openCgroups(); err != nil {
		return err
	}
	if err := r.chooseIsolation(); err != nil {
		return err
	}
	if err := r.openReserves(); err != nil {
		return err
	}
	r.missing = append(r.missing, missingFromKernel(r.namespaces)...)
	for _, m := range r.missing {
		r.log.Warn("sandbox lacks protection", zap.String("missing", m))
	}
	return nil
}

func (r *Runtime) nodePath() string { return filepath.Join(r.cfg.CgroupParent, r.cfg.Name) }

// openCgroups makes the node's group. Without one, root is told to mount what
// is missing; another user goes on, under a watchdog.
func (r *Runtime) openCgroups() error {
	host, err := cgroup.Open(r.cfg.CgroupParent)
	if errors.Is(err, cgroup.ErrUnavailable) && os.Geteuid() != 0 {
		r.missing = append(r.missing,
			"CPU limits: no writable cgroup",
			"process limits: no writable cgroup",
			"memory limits by the kernel: no writable cgroup; each container's memory is sampled instead, and it is killed when over its limit")
		r.watchdog = watch(r)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w; mount cgroup2 at /sys/fs/cgroup, or the v1 controllers cpu, memory and pids below it, writable", err)
	}
	for _, c := range host.Missing() {
		r.missing = append(r.missing, c+" limits: the host does not have the "+c+" cgroup controller")
	}
	if !host.Limited("memory") {
		r.watchdog = watch(r)
	}
	if r.homes, err = host.Homes(); err != nil {
		return err
	}
	r.host = host
	r.node, err = host.Create(r.nodePath(), cgroup.Limits{Memory: r.cfg.Memory, CPU: r.cfg.CPU})
	return err
}

// Expect has sandboxes made in reserve for functions that may soon be asked for.
func (r *Runtime) Expect(functions []function.Function) {
	var kinds []kind
	for _, f := range functions {
		kinds = append(kinds, kindOf(sandbox.Spec{Function: f, Memory: f.Memory}, nil))
	}
	r.pool.expect(kinds)
	r.zygotes.expect(functions)
}

// Describe is for the registry of metrics: the runtime's are of what its functions send and receive.
func (r *Runtime) Describe(descriptions chan<- *prometheus.Desc) { r.gateway.Describe(descriptions) }

// Collect is for the registry of metrics.
func (r *Runtime) Collect(values chan<- prometheus.Metric) { r.gateway.Collect(values) }

// Ready is how many sandboxes wait for a function: see sandbox.Reserve.
func (r *Runtime) Ready() map[string]int { return r.pool.ready() }

// Missing says what protection this host or this user does not give, one
// sentence each; it is empty as root on an ordinary host.
func (r *Runtime) Missing() []string { return slices.Clone(r.missing) }

// Isolation is what containers get: Namespaces or Process.
func (r *Runtime) Isolation() Isolation {
	if r.namespaces {
		return Namespaces
	}
	return Process
}

// Usage is what all containers use together.
func (r *Runtime) Usage() (sandbox.Usage, error) {
	if r.node == nil || !r.host.Limited("memory") {
		return r.sumUsage(), nil
	}
	u, err := r.node.Usage()
	if err != nil {
		return sandbox.Usage{}, fmt.Errorf("usage of node: %w", err)
	}
	return sandbox.Usage(u), nil
}

// sumUsage asks each container.
func (r *Runtime) sumUsage() (sum sandbox.Usage) {
	for _, c := range r.alive() {
		if u, err := c.Usage(); err == nil {
			sum.Memory += u.Memory
			sum.CPU += u.CPU
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	sum.CPU += r.spent
	return sum
}

func (r *Runtime) alive() []*container {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.containers))
}

// Close kills every container, also those being made, and removes the node's cgroup and folders.
func (r *Runtime) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	close(r.closing)
	r.mu.Unlock()
	var faults []error
	for _, c := range r.alive() {
		c.die(cause{text: "the node is closing"})
	}
	r.closeHouses()
	r.pool.close()
	r.creations.close()
	r.zygotes.close()
	for _, c := range r.alive() {
		faults = append(faults, c.Kill())
	}
	if r.code != nil {
		r.code.copying.Wait()
	}
	if r.modules != nil {
		r.modules.compiling.Wait() // not for long: its containers are dead
	}
	r.watchdog.close()
	r.houses.Wait()
	r.root.close()
	r.networks.close()
	if r.spawner != nil {
		r.spawner.Close()
	}
	closeAll(r.homes)
	if r.host != nil {
		faults = append(faults, r.host.Destroy(r.nodePath()))
		r.host.RemoveIfEmpty(r.cfg.CgroupParent)
	}
	if r.state != nil {
		faults = append(faults, r.state.release())
	}
	return errors.Join(faults...)
}
