package main

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// TestKilledBenchIsSwept: what a bench leaves that was killed is gone with the next one, and
// one that lives keeps what it has.
func TestKilledBenchIsSwept(t *testing.T) {
	needPrograms(t)
	temporary := t.TempDir()
	openToAll(t, temporary)
	t.Setenv("TMPDIR", temporary)
	living, err := newStage(&logFlags{LogLevel: "info", LogFormat: "text"}, "")
	if err != nil {
		t.Fatal(err)
	}
	bench := startProgram(t, "bench", "density", "--runtime=native", "--containers=1000")
	folders := func() []string {
		found, _ := filepath.Glob(filepath.Join(temporary, stagePrefix+"*"))
		return found
	}
	bench.says("containers, created")
	bench.signal(syscall.SIGKILL)
	bench.exit()
	killed := folders()
	if killed = slices.DeleteFunc(killed, func(folder string) bool { return folder == living.folder }); len(killed) != 1 {
		t.Fatalf("it has left %v: want one folder", killed)
	}
	if os.Geteuid() == 0 && len(running(killed[0], filepath.Base(killed[0]), 0)) == 0 {
		t.Fatal("it has left no cgroup: there is nothing to sweep")
	}

	next, err := newStage(&logFlags{LogLevel: "info", LogFormat: "text"}, "")
	if err != nil {
		t.Fatal(err)
	}
	if left := append(running(killed[0], filepath.Base(killed[0]), 0), mountsBelow(killed[0])...); len(left) > 0 {
		t.Errorf("left of the killed one: %v", left)
	}
	if _, err := os.Stat(killed[0]); err == nil {
		t.Errorf("%s is left", killed[0])
	}
	for _, s := range []*stage{living, next} {
		if _, err := os.Stat(filepath.Join(s.folder, "services.log")); err != nil {
			t.Errorf("of one that lives: %v", err)
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}
	if left := folders(); len(left) > 0 {
		t.Errorf("left in the end: %v", left)
	}
}

// TestOnlyStagesAreSwept: what somebody has made by hand stays, whatever its name is, and so
// does what a link leads to.
func TestOnlyStagesAreSwept(t *testing.T) {
	temporary := t.TempDir()
	left, lock, err := makeStageFolder(temporary)
	if err != nil {
		t.Fatal(err)
	}
	lock.Close() // as the kernel does when its process is killed
	made, link := filepath.Join(temporary, stagePrefix+"2026"), filepath.Join(temporary, stagePrefix+"7")
	other, lock, err := makeStageFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	lock.Close()
	for _, err := range []error{os.MkdirAll(filepath.Join(made, "state", "nodes"), 0o755), os.Symlink(other, link)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	// Of one that was killed before its folder had its name, one that is at it, and one of somebody's.
	unnamed, young, full := filepath.Join(temporary, "."+stagePrefix+"1"), filepath.Join(temporary, "."+stagePrefix+"2"), filepath.Join(temporary, "."+stagePrefix+"3")
	for _, err := range []error{os.Mkdir(unnamed, 0o700), os.Mkdir(young, 0o700), os.MkdirAll(filepath.Join(full, "kept"), 0o700)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{unnamed, full} {
		if err := os.Chtimes(folder, time.Time{}, time.Now().Add(-2*hiddenAge)); err != nil {
			t.Fatal(err)
		}
	}
	if err := sweepStages(temporary); err != nil {
		t.Error(err)
	}
	for _, left := range []string{left, unnamed} {
		if _, err := os.Stat(left); err == nil {
			t.Errorf("%s is left, and was a stage's", left)
		}
	}
	for _, kept := range []string{filepath.Join(made, "state", "nodes"), link, other, young, full} {
		if _, err := os.Lstat(kept); err != nil {
			t.Errorf("removed, and not a stage's: %v", err)
		}
	}
}
