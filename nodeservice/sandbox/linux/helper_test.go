package linux

import (
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// TestHelperDies: the containers are lost, also a frozen one, which no signal ends. The
// next one brings another helper.
func TestHelperDies(t *testing.T) {
	r := newRuntime(t, func(c *Config) { c.FreezeAfter = time.Millisecond })
	frozen, other := enterContainer(t, r, "frozen", 64<<20), enterContainer(t, r, "other", 64<<20)
	if r.host != nil && frozen.group.Freezes() {
		frozen.awaitFrozen(t)
	}
	fields := stat(frozen.agent.process.Pid)
	helper, err := strconv.Atoi(string(fields[1])) // its parent
	if err != nil || helper == os.Getpid() {
		t.Fatal(helper, err)
	}
	if err := syscall.Kill(helper, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for _, c := range []inside{frozen, other} {
		select {
		case <-c.Done():
		case <-time.After(20 * time.Second):
			t.Fatalf("%s is not lost", c.id)
		}
	}
	enterContainer(t, r, "next", 64<<20).try(t, "status")
}
