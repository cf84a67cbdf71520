// Package provider is the seam between the ResourceManager and the place that
// its nodes come from. Package local makes nodes of processes on this machine,
// package static takes machines that are there already.
//
// A node is something that serves NodeService and gRPC health at an address.
// Whether it is up, and whether it still answers, is the caller's business: it
// asks by gRPC. A provider starts and ends nodes, and tells when one is dead.
package provider

import (
	"context"
	"encoding/json"
)

// A Provider starts nodes. It is safe for concurrent use.
type Provider interface {
	// Start begins to bring up a node called name and returns without waiting
	// for it to answer. The node that had the name before must be dead.
	Start(name string) (Node, error)
	// Adopt takes over a node that an earlier ResourceManager started, by
	// what its Handle was. An error means that it is gone.
	Adopt(name string, handle json.RawMessage) (Node, error)
	// Sweep ends the nodes of an earlier ResourceManager that were not
	// adopted. It is called once, after Adopt and before Start.
	Sweep() error
	// Shared reports whether nodes run on this machine, so that their sizes
	// are promises on the same memory and CPU.
	Shared() bool
}

// A Node is a node from Start on. It is safe for concurrent use.
type Node interface {
	// Address and Port are where NodeService answers, for its tenants and for
	// the ResourceManager alike.
	Address() string
	Port() int
	// Handle is what Adopt needs to find the node again: a JSON value.
	Handle() json.RawMessage
	// Done is closed when the node is dead. It may never be, where that can't be seen.
	Done() <-chan struct{}
	// Err says how the node ended, with the last that it said; nil before Done.
	Err() error
	// Stop lets the node end, makes it end when ctx does, and returns when it
	// is dead. The error says that it did not end by itself.
	Stop(ctx context.Context) error
	// Kill ends the node at once; Done tells when. Repeating it is legal.
	Kill()
}
