package host

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

// burnVariable makes the test process one that burns so much CPU time.
const burnVariable = "MINIFAAS_TEST_BURN"

func TestMain(m *testing.M) {
	if d, err := time.ParseDuration(os.Getenv(burnVariable)); err == nil {
		for begun := time.Now(); time.Since(begun) < d; {
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestOthers: a child is another until it has been waited for.
func TestOthers(t *testing.T) {
	share := WatchOthers()
	child := exec.Command(os.Args[0])
	child.Env = []string{burnVariable + "=1s"}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(900 * time.Millisecond)
	before := share()
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	if after := share(); before <= 0 || before > 1 || after < 0 || after >= before {
		t.Errorf("others took %v while a child ran, %v once it had been waited for", before, after)
	}
}
