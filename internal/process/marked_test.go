package process_test

import (
	"os/exec"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/process"
)

func TestKillMarked(t *testing.T) {
	const variable = "MINIFAAS_TEST_MARK"
	sleeper := func(value string) *process.Process {
		cmd := exec.Command("sleep", "1000")
		cmd.Env = []string{variable + "=" + value}
		p, err := process.Start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Kill(); <-p.Done() })
		return p
	}
	folder := t.TempDir()
	ours, theirs := sleeper(folder+"/a"), sleeper(folder+"/b")
	if err := process.KillMarked(variable, func(value string) bool { return value == folder+"/a" }); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ours.Done(): // soon after KillMarked has seen it dead
	case <-time.After(10 * time.Second):
		t.Error("a process with the mark lives")
	}
	if !theirs.ID().Alive() {
		t.Error("a process with another mark is dead")
	}
}
