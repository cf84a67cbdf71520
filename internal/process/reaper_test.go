package process_test

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/process"
)

// ReapOrphans changes a whole process, so it is tested in one of its own.
func TestReapOrphans(t *testing.T) {
	out, err := play("reaper").Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(string(out), "all collected") {
		t.Fatalf("%s", out)
	}
}

// reaper makes an orphan that dies, has children of its own die meanwhile,
// and checks who collected what.
func reaper() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { _ = process.ReapOrphans(ctx) }()

	// The inner shell is orphaned when the outer ends; it dies a little later.
	orphan := exec.Command("/bin/sh", "-c", "(sleep 0.3) & echo $!")
	out, err := orphan.Output() // a child that os/exec waits for, promptly
	if err != nil {
		return fmt.Errorf("child of os/exec: %w", err)
	}
	var pid int
	if _, err := fmt.Sscan(string(out), &pid); err != nil {
		return err
	}
	own, err := process.Start(exec.Command("/bin/sh", "-c", "exit 3"))
	if err != nil {
		return err
	}
	<-own.Done()
	if own.Err() == nil || own.Err().Error() != "exit status 3" {
		return fmt.Errorf("exit of a child was stolen: %w", own.Err())
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := process.Identify(pid); err != nil {
			fmt.Println("all collected")
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("orphan %d is not collected", pid)
		}
	}
}
