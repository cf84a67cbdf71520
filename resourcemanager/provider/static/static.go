// Package static provides nodes that are there already: edge boxes, virtual
// machines, whatever runs `minifaas nodeservice` at a known address. Nothing
// is started or stopped: a node whose machine is down comes back when the machine does.
package static

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"

	"github.com/minifaas/minifaas/resourcemanager/provider"
)

// Provider hands out addresses, each to one node at a time.
type Provider struct {
	all []string

	mu   sync.Mutex // guards free
	free []string
}

var _ provider.Provider = (*Provider)(nil)

// New returns the provider of the nodes at addresses (host:port). The error lists all that is wrong with them.
func New(addresses []string) (*Provider, error) {
	var faults []error
	seen := map[string]bool{}
	for _, a := range addresses {
		if _, _, err := split(a); err != nil {
			faults = append(faults, err)
		}
		if seen[a] {
			faults = append(faults, fmt.Errorf("node address %q is listed twice", a))
		}
		seen[a] = true
	}
	if len(addresses) == 0 {
		faults = append(faults, errors.New("no node address given"))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return &Provider{all: slices.Clone(addresses), free: slices.Clone(addresses)}, nil
}

func split(address string) (host string, port int, err error) {
	host, digits, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, fmt.Errorf("parse node address %q: %w", address, err)
	}
	if port, err = strconv.Atoi(digits); err != nil || host == "" || port < 1 || port > 65535 {
		return "", 0, fmt.Errorf("parse node address %q: want host:port", address)
	}
	return host, port, nil
}

// Start takes the first address that is free.
func (p *Provider) Start(string) (provider.Node, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) == 0 {
		return nil, fmt.Errorf("all %d node addresses are in use", len(p.all))
	}
	return p.take(p.free[0])
}

// Adopt takes the address that the node had.
func (p *Provider) Adopt(_ string, handle json.RawMessage) (provider.Node, error) {
	var address string
	if err := json.Unmarshal(handle, &address); err != nil {
		return nil, fmt.Errorf("parse handle: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Contains(p.free, address) {
		return nil, fmt.Errorf("node address %s is not on the list any more", address)
	}
	return p.take(address)
}

func (p *Provider) take(address string) (provider.Node, error) {
	host, port, err := split(address)
	if err != nil {
		return nil, err
	}
	p.free = slices.DeleteFunc(p.free, func(a string) bool { return a == address })
	return &node{provider: p, address: address, host: host, port: port, done: make(chan struct{})}, nil
}

// giveBack puts the address last: the others may be better.
func (p *Provider) giveBack(address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, address)
}

// Sweep has nothing to do: the machines are not ours.
func (p *Provider) Sweep() error { return nil }

// Shared is false: each node has a machine of its own.
func (p *Provider) Shared() bool { return false }

type node struct {
	provider *Provider
	address  string
	host     string
	port     int
	once     sync.Once
	done     chan struct{}
}

func (n *node) Address() string { return n.host }

func (n *node) Port() int { return n.port }

func (n *node) Handle() json.RawMessage {
	handle, _ := json.Marshal(n.address) // a string always can be
	return handle
}

func (n *node) Done() <-chan struct{} { return n.done }

func (n *node) Err() error { return nil }

// Stop gives the address back; whoever runs the machine stops it.
func (n *node) Stop(context.Context) error {
	n.Kill()
	return nil
}

func (n *node) Kill() {
	n.once.Do(func() {
		n.provider.giveBack(n.address)
		close(n.done)
	})
}
