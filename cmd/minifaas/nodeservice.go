package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/rpc"
	"github.com/minifaas/minifaas/internal/telemetry"
	"github.com/minifaas/minifaas/nodeservice"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/linux"
	"github.com/minifaas/minifaas/nodeservice/sandbox/simulated"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// sandboxFlags say how containers are made, on every node of this machine.
type sandboxFlags struct {
	functionFlags
	StateDir     string         `placeholder:"DIR" help:"Folder for what must outlive a process; by default /var/lib/minifaas/PORT-BASE, or below ~/.local/state without root."`
	Isolation    string         `default:"namespaces" enum:"auto,namespaces,process" help:"How containers are shut in: ${enum}. process takes rights away but gives no namespaces: weaker. auto falls back to it where the host allows no namespaces."`
	CgroupParent string         `placeholder:"PATH" help:"Cgroup below which the nodes' cgroups are made; by default minifaas-PORT-BASE."`
	Agent        string         `placeholder:"FILE" help:"The agent that runs in containers, with the runtimes that functions use (containerservice-full has all); by default those built into this program."`
	NodeMemory   function.Size  `default:"4GiB" help:"Memory of a node; three quarters of it are offered to containers."`
	NodeCPU      float64        `name:"node-cpu" default:"2" help:"CPU of a node, in cores."`
	Pool         bool           `default:"true" negatable:"" help:"Keep sandboxes in reserve, and warm interpreters that fork into them, so that a container is made in a few milliseconds. Filling it takes CPU that nothing else wants, and up to an eighth of the node's memory. It takes root, and namespaces."`
	FreezeAfter  time.Duration  `default:"5s" help:"Freeze a container that has been idle for so long, until its next call: it takes no CPU meanwhile, and its memory is trimmed. 0 is never."`
	EgressDeny   []netip.Prefix `placeholder:"NETWORK" help:"Networks, such as 10.0.0.0/8, that functions with network: egress don't reach. They never reach this machine, nor each other."`
	Simulated    bool           `help:"Simulate the nodes: the real services, but what a call takes is a model's answer to its event, and no code runs. Needs no rights."`
	CreateScale  float64        `default:"1" help:"How many times longer than on the reference node it takes a simulated node to create a container: 0.1 s, then 0.4 s of CPU."`
	CreateTime   time.Duration  `help:"Time that it takes a simulated node to create a container, however many it creates at once; 0 is as the model says."`
	TimeScale    float64        `default:"1" help:"How many times faster than the clock simulated nodes are: creations, calls, timeouts and the refill delay. All figures stay those of the clock."`
}

// Default sizes of a node, for commands that don't take them as flags.
const (
	defaultNodeMemory = 4 << 30
	defaultNodeCPU    = 2
)

func (f *sandboxFlags) setDefaults(portBase int) {
	if f.StateDir == "" {
		f.StateDir = defaultStateDir(portBase)
	}
	if f.CgroupParent == "" {
		f.CgroupParent = fmt.Sprintf("minifaas-%d", portBase)
	}
}

func (f *sandboxFlags) validate() error {
	var faults []error
	if f.NodeMemory < 64<<20 {
		faults = append(faults, fmt.Errorf("--node-memory %v: want at least 64MiB", f.NodeMemory))
	}
	if !(f.NodeCPU >= 0.01 && f.NodeCPU <= 1024) {
		faults = append(faults, fmt.Errorf("--node-cpu %v: want 0.01 to 1024 cores", f.NodeCPU))
	}
	if f.FreezeAfter < 0 {
		faults = append(faults, fmt.Errorf("--freeze-after %v: want 0 (never) or more", f.FreezeAfter))
	}
	return errors.Join(append(faults, f.validateModel())...)
}

func (f *sandboxFlags) args() []string {
	return flagArgs("functions", f.Functions, "state-dir", f.StateDir, "isolation", f.Isolation,
		"cgroup-parent", f.CgroupParent, "agent", f.Agent, "node-memory", f.NodeMemory, "node-cpu", f.NodeCPU, "pool", f.Pool, "freeze-after", f.FreezeAfter,
		"egress-deny", joined(f.EgressDeny),
		"simulated", f.Simulated, "create-scale", f.scale(), "create-time", f.CreateTime, "time-scale", f.speed())
}

type nodeserviceCommand struct {
	listenFlags
	sandboxFlags
	Name string `default:"node" help:"Name of the node; it names its cgroup."`
	Slot int    `default:"0" help:"Number of the node on this machine, from 0: containers of different nodes get different user ids by it."`
}

// uidsPerNode is how many user ids a node may give to containers, from uidBase on.
const (
	uidBase     = 900000
	uidsPerNode = 10_000
)

func (c *nodeserviceCommand) Run(ctx context.Context, file *config.File, logs *logFlags) error {
	log, err := logs.logger(c.Name)
	if err != nil {
		return err
	}
	c.setDefaults(c.PortBase)
	functions, loadErr := function.Load(c.Functions)
	if err := check(file, c.listenFlags.validate(), c.sandboxFlags.validate(), loadErr, validPort("slot", c.Slot, 0, 10000)); err != nil {
		return err
	}
	runtime, err := c.newRuntime(functions, c.Name, c.Slot, log)
	if err != nil {
		return err
	}
	registry := telemetry.NewRegistry()
	cfg := c.node(functions, runtime, log)
	cfg.Metrics = registry
	node := nodeservice.New(cfg)
	err = serve(ctx, service{
		listen: c.listenFlags, offset: nodePorts, log: log, registry: registry,
		register: func(s *rpc.Server) { nodeservicepb.RegisterNodeServiceServer(s, node) },
	})
	return errors.Join(err, node.Close())
}

// node is what a node is made of.
func (f *sandboxFlags) node(functions *function.Catalogue, runtime sandbox.Runtime, log *zap.Logger) nodeservice.Config {
	cfg := nodeservice.Config{Functions: functions, Runtime: runtime, Memory: int64(f.NodeMemory), Disk: f.StateDir, Log: log}
	if f.Simulated {
		cfg.Simulated, cfg.SystemMemory = true, f.model().SystemMemory
	}
	return cfg
}

// newRuntime makes the containers of the node with that name and slot.
func (f *sandboxFlags) newRuntime(functions *function.Catalogue, name string, slot int, log *zap.Logger) (sandbox.Runtime, error) {
	if f.Simulated {
		log.Info("the node is simulated")
		return simulated.New(f.model())
	}
	runtime, err := f.runtime(name, slot, log)
	if err != nil {
		return nil, err
	}
	for _, missing := range runtime.Missing() {
		log.Warn("the sandbox lacks " + missing)
	}
	runtime.Expect(functions.All())
	return runtime, nil
}

// runtime prepares the real sandboxes of the node with that name and slot.
func (f *sandboxFlags) runtime(name string, slot int, log *zap.Logger) (*linux.Runtime, error) {
	if err := os.MkdirAll(f.StateDir, 0o755); err != nil {
		return nil, fmt.Errorf("make state folder: %w; choose another with --state-dir", err)
	}
	agent, full, err := f.agentPaths()
	if err != nil {
		return nil, err
	}
	ready := -1
	if f.Pool {
		ready = 1
	}
	return linux.New(linux.Config{
		Ready:         ready,
		StateDir:      nodeDir(f.StateDir, name),
		CgroupParent:  f.CgroupParent,
		Name:          name,
		Memory:        int64(f.NodeMemory),
		CPU:           f.NodeCPU,
		AgentPath:     agent,
		FullAgentPath: full,
		Isolation:     linux.Isolation(f.Isolation),
		UIDBase:       uidBase + slot*uidsPerNode,
		UIDs:          uidsPerNode,
		FreezeAfter:   f.FreezeAfter,
		EgressDeny:    f.EgressDeny,
		Log:           log,
	})
}

// nodeDir is the folder of one node's own, below the platform's.
func nodeDir(stateDir, name string) string { return filepath.Join(stateDir, "nodes", name) }

// agentPaths are the agents' executables: the one that was asked for, or the
// built-in ones, written to where every container's user can read them.
func (f *sandboxFlags) agentPaths() (agent, full string, err error) {
	if f.Agent != "" {
		agent, err = filepath.Abs(f.Agent)
		return agent, agent, err
	}
	folder := filepath.Join(f.StateDir, "bin")
	if agent, err = extract("containerservice", folder); err != nil {
		return "", "", err
	}
	full, err = extract("containerservice-full", folder)
	return agent, full, err
}
