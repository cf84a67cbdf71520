package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/minifaas/minifaas/scheduler/policy"
)

// TestWeightsReachTheScheduler of a platform, from wherever they are given.
func TestWeightsReachTheScheduler(t *testing.T) {
	path := filepath.Join(t.TempDir(), "minifaas.yaml")
	if err := os.WriteFile(path, []byte("latency-weight: 0.5\nresource-weight: 2e-05\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want policy.AdaptiveConfig
	}{
		{[]string{"up"}, policy.AdaptiveConfig{}},
		{[]string{"up", "--latency-weight=0.9"}, policy.AdaptiveConfig{LatencyWeight: 0.9}},
		{[]string{"--config=" + path, "up", "--latency-weight=3"}, policy.AdaptiveConfig{LatencyWeight: 3, ResourceWeight: 0.00002}},
	} {
		up, _, file := parse(t, c.args...)
		if err := file.Faults(); err != nil {
			t.Error(err)
		}
		scheduler, _, _ := parse(t, append([]string{"scheduler"}, up.Up.policyFlags.args()...)...)
		if d := cmp.Diff(c.want, scheduler.Scheduler.policyFlags.config("x:1").Adaptive); d != "" {
			t.Errorf("%v: settings of the policy (-want +got):\n%s", c.args, d)
		}
	}
}

func TestFaultyWeights(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--resource-weight 0", "--resource-weight 0: want more than 0"},
		{"--latency-weight=-1", "latency weight: must be between 0 and 1e9, is -1"},
		{"--policy lru --latency-weight 1", "policy lru has no weights"},
		{"--latency-weight 1 --shadow lru", "leave out --latency-weight"},
	} {
		up, _, _ := parse(t, append([]string{"up", "--functions=" + t.TempDir()}, strings.Fields(c.args)...)...)
		if err := up.Up.Run(t.Context(), nil, &up.logFlags); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("up %s: %v, want %q", c.args, err, c.want)
		}
	}
}
