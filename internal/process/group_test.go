package process_test

import (
	"os/exec"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/process"
)

// The leader dies of the signal at once; what ignores it is killed when the patience is over, not before.
func TestStopGroupKillsTheStubborn(t *testing.T) {
	const patience = 200 * time.Millisecond
	p, stubborn := start(t, exec.Command("/bin/sh", "-c", `sh -c 'trap "" TERM; echo ready $$; exec sleep 1000' & wait`))
	id, err := process.Identify(stubborn)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := process.Find(id)
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := p.StopGroup(deadline(t, patience)); err == nil {
		t.Error("no word of the kill")
	}
	if took := time.Since(begun); took < patience {
		t.Errorf("killed after %v", took)
	}
	dead(t, rest, soon)
	_ = p.StopGroup(deadline(t, patience)) // of no effect
}
