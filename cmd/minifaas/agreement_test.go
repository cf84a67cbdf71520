package main

import (
	"testing"
	"time"
)

// TestJournalOfARealRun: what the scheduler decided on real sandboxes, an engine
// decides again from the journal alone; and the simulator plays the same calls.
func TestJournalOfARealRun(t *testing.T) {
	needPrograms(t)
	if testing.Short() {
		t.Skip("plays a workload on real sandboxes")
	}
	stage, err := newStage(&logFlags{LogLevel: "warn", LogFormat: "text"}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer stage.close()
	c := agreementCommand{Workload: "contest-2020", Length: 4 * time.Second, Nodes: 2, MaxNodes: 4, Isolation: "auto"}
	got, err := c.compare(t.Context(), stage, "adaptive", 1)
	if err != nil {
		t.Fatal(err)
	}
	if got.Live.Calls < 100 || got.Live.ColdStarts == 0 || got.Live.NodeSeconds <= 0 {
		t.Errorf("live: %+v, want calls, cold starts and nodes", got.Live)
	}
	// Each call that was served is at least an acquire and a return.
	if served := got.Live.Calls - got.Live.Failures; got.JournalSteps < 2*served {
		t.Errorf("%d steps in the journal of %d calls", got.JournalSteps, served)
	}
	if got.Simulated.Calls != got.Live.Calls || got.Simulated.ColdStarts == 0 {
		t.Errorf("simulated: %+v, want %d calls", got.Simulated, got.Live.Calls)
	}
}
