package resourcemanager

import (
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/minifaas/minifaas/internal/rpc"
	"github.com/minifaas/minifaas/resourcemanager/provider"
)

// Config says what pool of nodes there is. Begin with DefaultConfig.
type Config struct {
	// Provider starts the nodes. Required.
	Provider provider.Provider
	// StateDir is the folder in which the pool is written down, so that a
	// restarted ResourceManager goes on with it. Required; one ResourceManager
	// at a time.
	StateDir string
	// Run names the run to which the state belongs. A ResourceManager with
	// another name than the one before forgets its history and ends its nodes;
	// with the same one, as after a restart by a supervisor, it goes on.
	Run string

	// Initial is the number of nodes at the start (default 10), Max the most
	// there ever are (default 20).
	Initial, Max int
	// RefillDelay is how long it takes until a reservation has added a node,
	// and until a released node can be reserved again (default 5 s). 0 means at once.
	RefillDelay time.Duration
	// History is how many reservations GetNodesUsage remembers (default
	// 50,000, which fit into one reply); the oldest that are over are forgotten.
	History int

	// IDPrefix begins the ids under which nodes are lent, so that whatever names
	// one tells of what kind it is (default none).
	IDPrefix string

	// NodeMemory in bytes is that of a node that does not say (default 4 GiB).
	// Tenants are offered three quarters of it.
	NodeMemory int64
	// NodeCPU in thousandths of a core is that of each node (default 2000).
	NodeCPU int64

	// StartTimeout bounds the time until a started node serves (default 15 s).
	StartTimeout time.Duration
	// LostAfter is for how long a node may answer nothing before it is given up
	// and killed (default 3 s). The death of a process is noticed at once.
	LostAfter time.Duration
	// ReserveTimeout bounds the node's answer to a reservation (default 2 s).
	ReserveTimeout time.Duration
	// ReleaseTimeout bounds the end of all containers of a released node;
	// beyond it the whole node is killed and replaced (default 5 s).
	ReleaseTimeout time.Duration
	// StopTimeout bounds the end of all nodes when the ResourceManager stops (default 10 s).
	StopTimeout time.Duration

	// Dial connects to a node (default rpc.Dial).
	Dial func(target string) (*grpc.ClientConn, error)
	// Log is where the pool reports what happens to nodes (default nowhere).
	Log *zap.Logger
}

// DefaultConfig returns the defaults; Provider and StateDir are yet to be set.
func DefaultConfig() Config {
	return Config{
		Initial:        10,
		Max:            20,
		RefillDelay:    5 * time.Second,
		History:        50_000,
		NodeMemory:     4 << 30,
		NodeCPU:        2000,
		StartTimeout:   15 * time.Second,
		LostAfter:      3 * time.Second,
		ReserveTimeout: 2 * time.Second,
		ReleaseTimeout: 5 * time.Second,
		StopTimeout:    10 * time.Second,
		Dial:           rpc.Dial,
		Log:            zap.NewNop(),
	}
}

// Validate lists all faults.
func (c Config) Validate() error {
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(c.Provider == nil, "no provider of nodes is set")
	fault(c.StateDir == "", "no state folder is set")
	fault(c.Initial < 0, "initial nodes %d: must not be negative", c.Initial)
	fault(c.Max < max(c.Initial, 1), "max nodes %d: must be at least 1, and no less than the %d at the start", c.Max, c.Initial)
	fault(c.RefillDelay < 0, "refill delay %v: must not be negative", c.RefillDelay)
	fault(c.History < 1, "history %d: must be at least 1", c.History)
	fault(c.NodeMemory <= 0, "node memory %d: must be above 0", c.NodeMemory)
	fault(c.NodeCPU <= 0, "node CPU %d: must be above 0", c.NodeCPU)
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"start timeout", c.StartTimeout},
		{"lost after", c.LostAfter},
		{"reserve timeout", c.ReserveTimeout},
		{"release timeout", c.ReleaseTimeout},
		{"stop timeout", c.StopTimeout},
	} {
		fault(d.value <= 0, "%s %v: must be above 0", d.name, d.value)
	}
	fault(c.Dial == nil, "no way to dial nodes is set")
	fault(c.Log == nil, "no log is set")
	return errors.Join(faults...)
}
