// Package simulated provides nodes that live in the ResourceManager's own
// process: each serves the real NodeService at a port of its own, and what is
// behind it is the caller's, a model most likely. Hundreds of them cost little.
//
// They die with the process: nothing is adopted, and nothing is left to sweep.
package simulated

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/minifaas/minifaas/resourcemanager/provider"
)

// A Server serves one node, as *rpc.Server does.
type Server interface {
	// Serve answers calls on lis until ctx ends; what runs then may finish. When
	// it returns nothing is left of the node. It is called once.
	Serve(ctx context.Context, lis net.Listener) error
	// Stop ends Serve, and cuts off what runs. It may come at any time, also again.
	Stop()
}

// Config says what the nodes are.
type Config struct {
	// New makes the server of a node of that name. Required.
	New func(name string) (Server, error)
	// Listen is the address of this machine at which nodes listen, each at any
	// port that is free; "" means 127.0.0.1.
	Listen string
	// Address is where they can be dialled; "" means Listen.
	Address string
}

// Provider starts nodes in this process.
type Provider struct{ cfg Config }

var _ provider.Provider = (*Provider)(nil)

// New returns a provider without nodes.
func New(cfg Config) (*Provider, error) {
	if cfg.New == nil {
		return nil, errors.New("no way to make simulated nodes is set")
	}
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1"
	}
	if cfg.Address == "" {
		cfg.Address = cfg.Listen
	}
	return &Provider{cfg: cfg}, nil
}

// Start starts a node, which serves at once.
func (p *Provider) Start(name string) (provider.Node, error) {
	lis, err := net.Listen("tcp", net.JoinHostPort(p.cfg.Listen, "0"))
	if err != nil {
		return nil, fmt.Errorf("start simulated node: %w; each takes a port and some open files: see ulimit -n", err)
	}
	server, err := p.cfg.New(name)
	if err != nil {
		_ = lis.Close()
		return nil, fmt.Errorf("start simulated node: %w", err)
	}
	ctx, end := context.WithCancel(context.Background())
	n := &node{
		address: p.cfg.Address, port: lis.Addr().(*net.TCPAddr).Port, server: server, end: end, done: make(chan struct{}),
	}
	go func() {
		defer close(n.done)
		n.err = server.Serve(ctx, lis)
	}()
	return n, nil
}

// Adopt never finds a node.
func (p *Provider) Adopt(string, json.RawMessage) (provider.Node, error) {
	return nil, errors.New("simulated nodes end with the process that they were in")
}

// Sweep has nothing to do.
func (p *Provider) Sweep() error { return nil }

// Shared is false: a model takes no share of this machine.
func (p *Provider) Shared() bool { return false }

type node struct {
	address string
	port    int
	server  Server
	end     context.CancelFunc // lets the server end
	cut     sync.Once          // around server.Stop
	done    chan struct{}
	err     error // of Serve; set before done is closed
}

func (n *node) Address() string { return n.address }

func (n *node) Port() int { return n.port }

// Handle is null: there is nothing to find the node by.
func (n *node) Handle() json.RawMessage { return json.RawMessage("null") }

func (n *node) Done() <-chan struct{} { return n.done }

func (n *node) Err() error {
	select {
	case <-n.done:
	default:
		return nil
	}
	if n.err == nil {
		return errors.New("simulated node ended")
	}
	return fmt.Errorf("simulated node ended: %w", n.err)
}

// Stop lets running calls finish until ctx ends.
func (n *node) Stop(ctx context.Context) error {
	n.end()
	select {
	case <-n.done:
		return n.err
	case <-ctx.Done():
	}
	n.Kill()
	<-n.done
	return fmt.Errorf("simulated node was killed: %w", context.Cause(ctx))
}

func (n *node) Kill() {
	n.end()
	n.cut.Do(func() { go n.server.Stop() })
}
