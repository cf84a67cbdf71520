package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
	"github.com/minifaas/minifaas/scheduler"
	"github.com/minifaas/minifaas/scheduler/engine"
	"github.com/minifaas/minifaas/scheduler/journal"
)

// TestAnnouncedFunctionsAreWarm, and a scheduler that takes over is told of them
// again. The journal of both replays with the same actions.
func TestAnnouncedFunctionsAreWarm(t *testing.T) {
	var folder string
	p := startTest(t, "", func(cfg *platformConfig) {
		cfg.announce.Announce = true
		folder = filepath.Join(filepath.Dir(cfg.sandbox.Functions), "journal")
		cfg.policy.Journal = folder
	})
	c := newCaller(t, p)
	p.await(t, "a container of hello", holdsIdle("hello"))
	if reply := c.must("hello", "{}"); reply.GetColdStart() || reply.GetFunctionError() != "" {
		t.Errorf("the first call: cold start %v, error %q; want a warm one", reply.GetColdStart(), reply.GetFunctionError())
	}
	before := announcements(t, folder)
	p.killService(t, "scheduler")
	eventually(t, "an announcement to the next scheduler", func() bool {
		now := announcements(t, folder)
		return len(now) == 2 && now[1] == now[0]
	})
	if len(before) != 1 || before[0] == 0 {
		t.Errorf("announced to the first scheduler: %d, want all functions", before)
	}
	if reply := c.must("hello", "{}"); reply.GetColdStart() {
		t.Error("a cold start after the takeover: the container was not adopted")
	}
}

// holdsIdle: there is a container of the function, ready for a call.
func holdsIdle(function string) func(*schedulerpb.GetStatusReply) bool {
	return func(s *schedulerpb.GetStatusReply) bool {
		for _, n := range s.GetNodes() {
			for _, c := range n.GetContainers() {
				if strings.Contains(c.GetFunctionName(), "/"+function+"@") && c.GetState() == "ready" && c.GetInFlight() == 0 {
					return true
				}
			}
		}
		return false
	}
}

// announcements counts those in a journal, for each life of the scheduler. It
// fails the test if an engine decides otherwise than the journal says.
func announcements(t *testing.T, folder string) (lives []int) {
	t.Helper()
	var seed uint64
	err := journal.Replay(folder, scheduler.RecordedPolicy, func(s journal.Step) error {
		if s.Header.Config.Seed != seed {
			seed, lives = s.Header.Config.Seed, append(lives, 0)
		}
		if s.Event.Kind == engine.Announce {
			lives[len(lives)-1]++
		}
		return nil
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return lives
}
