package linux

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestWithoutCapability: root that may not enter a sandbox makes containers none the less. Engines
// and units give SYS_ADMIN, where the host asks for it, without the others.
func TestWithoutCapability(t *testing.T) {
	if os.Geteuid() != 0 || isolationUnderTest() == Process {
		t.Skip("needs root and namespaces")
	}
	for name, capability := range map[string]uintptr{
		"SYS_ADMIN": unix.CAP_SYS_ADMIN, "SYS_CHROOT": unix.CAP_SYS_CHROOT, "SYS_PTRACE": unix.CAP_SYS_PTRACE,
	} {
		t.Run(name, func(t *testing.T) {
			test := exec.Command(os.Args[0], "-test.run", "^TestEscape$/^SeesOnlyItself$", "-test.v")
			var said []byte
			ended := make(chan error)
			go func() {
				runtime.LockOSThread() // never unlocked: the thread ends without it
				err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0)
				if err == nil {
					said, err = test.CombinedOutput()
				}
				ended <- err
			}()
			if err := <-ended; err != nil || !strings.Contains(string(said), "--- PASS: TestEscape/SeesOnlyItself") {
				t.Errorf("%v\n%s", err, said)
			}
		})
	}
}
