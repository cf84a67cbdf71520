package process_test

import (
	"testing"

	"github.com/minifaas/minifaas/internal/process"
)

func TestLifelineEndsDescendants(t *testing.T) {
	line, err := process.NewLifeline()
	if err != nil {
		t.Fatal(err)
	}
	cmd := play("parent")
	line.Attach(cmd)
	parent, pid := start(t, cmd)
	child := find(t, pid)

	// Its parent's death alone leaves the descendant alive...
	parent.Kill()
	<-parent.Done()
	select {
	case <-child.Done():
		t.Fatal("descendant died with its parent")
	default:
	}
	// ...that of the supervisor, which the kernel reports as the end of the pipe, does not.
	if err := line.Close(); err != nil {
		t.Fatal(err)
	}
	dead(t, child, soon)
}

func TestNoLifeline(t *testing.T) {
	line, err := process.InheritedLifeline()
	if line != nil || err != nil {
		t.Fatalf("inherited %v, %v from nobody", line, err)
	}
	if line.Broken() != nil {
		t.Error("a lifeline that is not there can break")
	}
	line.Attach(play("sleeper"))
	if err := line.Close(); err != nil {
		t.Error(err)
	}
}

func TestInheritedLifelineIsChecked(t *testing.T) {
	for _, value := range []string{"x", "9999"} {
		t.Setenv(process.LifelineEnv, value)
		if line, err := process.InheritedLifeline(); err == nil {
			t.Errorf("%s=%s: inherited %v", process.LifelineEnv, value, line)
		}
	}
}

func find(t *testing.T, pid int) *process.Process {
	t.Helper()
	id, err := process.Identify(pid)
	if err != nil {
		t.Fatal(err)
	}
	p, err := process.Find(id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Kill(); <-p.Done() })
	return p
}
