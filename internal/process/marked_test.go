package process

import (
	"os/exec"
	"testing"
)

func TestKillMarked(t *testing.T) {
	const variable = "MINIFAAS_TEST_MARK"
	start := func(value string) *Process {
		cmd := exec.Command("sleep", "1000")
		cmd.Env = []string{variable + "=" + value}
		p, err := Start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Kill(); <-p.Done() })
		return p
	}
	folder := t.TempDir()
	ours, theirs := start(folder+"/a"), start(folder+"/b")
	if err := KillMarked(variable, func(value string) bool { return value == folder+"/a" }); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ours.Done():
	default:
		t.Error("a process with the mark lives")
	}
	if !theirs.ID().Alive() {
		t.Error("a process with another mark is dead")
	}
}
