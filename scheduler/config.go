package scheduler

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// Config says how a scheduler runs.
type Config struct {
	// ResourceManager is the host:port that lends the nodes.
	ResourceManager string
	// Policy is the name of the policy: see policy.Names.
	Policy string
	// Adaptive holds the settings of the adaptive policy; with another one they must be empty.
	Adaptive policy.AdaptiveConfig
	// Engine holds the engine's own settings; 0 Decisions means 10,000.
	Engine engine.Config
	// StatsInterval is how often each node is asked for its statistics; 0 means 1 s.
	StatsInterval time.Duration
	// Journal is the folder for the journal of events; empty means none.
	Journal string
	// JournalSize bounds the journal, in bytes; 0 means 256 MiB.
	JournalSize int64
	// Tap, if not nil, sees every step of the engine. It is called under the
	// scheduler's lock, so it must not wait, and must not keep or change what it is given.
	Tap func(now engine.Instant, ev *engine.Event, actions []engine.Action)
	Log *zap.Logger
	// Metrics is where the scheduler's metrics are registered; nil means nowhere.
	Metrics prometheus.Registerer
}

// keptDecisions is how many answered requests Explain knows of: 4 MB of them.
const keptDecisions = 10_000

// withDefaults fills in what is 0.
func (c Config) withDefaults() Config {
	if c.StatsInterval == 0 {
		c.StatsInterval = time.Second
	}
	if c.JournalSize == 0 {
		c.JournalSize = 256 << 20
	}
	if c.Engine.Decisions == 0 {
		c.Engine.Decisions = keptDecisions
	}
	return c
}

// Validate reports every fault.
func (c Config) Validate() error {
	var faults []error
	if c.ResourceManager == "" {
		faults = append(faults, errors.New("resource manager endpoint is empty: want host:port (RESOURCE_MANAGER_ENDPOINT)"))
	}
	if c.StatsInterval < 0 {
		faults = append(faults, fmt.Errorf("stats interval %v: want 0 or more", c.StatsInterval))
	}
	if c.JournalSize < 0 {
		faults = append(faults, fmt.Errorf("journal size %d: want 0 or more bytes", c.JournalSize))
	}
	if _, err := NewPolicy(c.Policy, c.Adaptive); err != nil {
		faults = append(faults, err)
	}
	return errors.Join(append(faults, c.Engine.Validate())...)
}
