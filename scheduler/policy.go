package scheduler

import (
	"encoding/json"
	"fmt"

	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/journal"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// NewPolicy makes the policy of that name. Settings that are not empty are for
// the adaptive policy; with another one they are an error.
func NewPolicy(name string, settings policy.AdaptiveConfig) (engine.Policy, error) {
	const adaptive = "adaptive"
	if name != adaptive {
		if settings == (policy.AdaptiveConfig{}) {
			return policy.New(name)
		}
		if _, err := policy.New(name); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("policy %s has no weights or other settings: leave them out, or choose the policy %s", name, adaptive)
	}
	return policy.NewAdaptive(settings)
}

// RecordedPolicy makes the policy of a journal that a Server has written, for journal.Replay.
func RecordedPolicy(h *journal.Header) (engine.Policy, error) {
	var settings policy.AdaptiveConfig
	if len(h.Settings) > 0 {
		if err := json.Unmarshal(h.Settings, &settings); err != nil {
			return nil, fmt.Errorf("read the settings of policy %s: %w", h.Policy, err)
		}
	}
	return NewPolicy(h.Policy, settings)
}

// journalHeader says of which engine the journal is: what RecordedPolicy reads.
func (s *Server) journalHeader(cfg engine.Config) (journal.Header, error) {
	h := journal.Header{Policy: s.cfg.Policy, Config: cfg, Started: s.start}
	if s.cfg.Adaptive == (policy.AdaptiveConfig{}) {
		return h, nil
	}
	var err error
	h.Settings, err = json.Marshal(s.cfg.Adaptive)
	return h, err
}
