// Package local provides nodes that are processes on this machine.
//
// A node outlives the ResourceManager that started it, so that running calls
// survive its death: the next one adopts it. For that reason its output goes
// to a file, <dir>/<name>.log, and not through a pipe. A node ends by Stop or
// Kill, or when the lifeline breaks that it was started with.
package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/minifaas/minifaas/internal/process"
	"github.com/minifaas/minifaas/resourcemanager/provider"
)

// Config says how node processes are started.
type Config struct {
	// Dir is the folder for the nodes' logs. It also marks the nodes as those
	// of one ResourceManager, so no two may share it.
	Dir string
	// Command is the executable and its arguments for a node that is to serve
	// NodeService on port.
	Command func(name string, port int) []string
	// Env is added to this process's environment.
	Env []string
	// Address is where the nodes can be dialled; "" means 127.0.0.1.
	Address string
	// FirstPort to LastPort is the range of their ports; 0 means 10300 to 10399.
	FirstPort, LastPort int
	// Lifeline is passed on to the nodes; with nil they live until they are stopped.
	Lifeline *process.Lifeline
}

// Provider starts node processes.
type Provider struct {
	cfg Config

	mu    sync.Mutex // guards what follows
	ports ports
	live  map[string]process.Identity // by name
}

var _ provider.Provider = (*Provider)(nil)

// New makes the folder and returns a provider without nodes.
func New(cfg Config) (*Provider, error) {
	if cfg.Address == "" {
		cfg.Address = "127.0.0.1"
	}
	if cfg.FirstPort == 0 && cfg.LastPort == 0 {
		cfg.FirstPort, cfg.LastPort = 10300, 10399
	}
	var faults []error
	if cfg.FirstPort < 1 || cfg.LastPort > 65535 || cfg.LastPort < cfg.FirstPort {
		faults = append(faults, fmt.Errorf("range of node ports %d-%d is not within 1-65535", cfg.FirstPort, cfg.LastPort))
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		faults = append(faults, fmt.Errorf("find folder of nodes: %w", err))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	cfg.Dir = dir
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make folder of nodes: %w", err)
	}
	return &Provider{
		cfg:   cfg,
		ports: ports{first: cfg.FirstPort, last: cfg.LastPort, used: map[int]bool{}},
		live:  map[string]process.Identity{},
	}, nil
}

// Start starts the process of a node on a port that is free.
func (p *Provider) Start(name string) (provider.Node, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	port, err := p.ports.take()
	if err != nil {
		return nil, err
	}
	proc, err := p.start(name, port)
	if err != nil {
		p.ports.giveBack(port)
		return nil, err
	}
	return p.hold(name, port, proc), nil
}

func (p *Provider) start(name string, port int) (*process.Process, error) {
	out, err := createLog(p.logPath(name))
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }() // the child has its own
	argv := p.cfg.Command(name, port)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(append(os.Environ(), p.cfg.Env...), markEnv+"="+p.mark(name))
	cmd.Stdout, cmd.Stderr = out, out
	p.cfg.Lifeline.Attach(cmd)
	return process.Start(cmd)
}

// handle is what a later ResourceManager needs to adopt a node.
type handle struct {
	process.Identity
	Port int `json:"port"`
}

// Adopt takes over a node that lives.
func (p *Provider) Adopt(name string, raw json.RawMessage) (provider.Node, error) {
	var h handle
	if err := json.Unmarshal(raw, &h); err != nil {
		return nil, fmt.Errorf("parse handle: %w", err)
	}
	proc, err := process.Find(h.Identity)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ports.used[h.Port] = true
	return p.hold(name, h.Port, proc), nil
}

func (p *Provider) hold(name string, port int, proc *process.Process) *node {
	p.live[name] = proc.ID()
	n := &node{name: name, address: p.cfg.Address, port: port, proc: proc, log: p.logPath(name), done: make(chan struct{})}
	go func() {
		n.watch()
		p.mu.Lock()
		delete(p.live, name)
		p.ports.giveBack(port)
		p.mu.Unlock()
		close(n.done)
	}()
	return n
}

// Shared is true: all nodes are on this machine.
func (p *Provider) Shared() bool { return true }

func (p *Provider) logPath(name string) string { return filepath.Join(p.cfg.Dir, name+".log") }
