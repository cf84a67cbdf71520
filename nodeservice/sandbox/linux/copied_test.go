package linux

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestCopyKeepsTimes: what an author has compiled is not compiled again.
func TestCopyKeepsTimes(t *testing.T) {
	source, target := t.TempDir(), t.TempDir()
	then := time.Unix(1_700_000_000, 0)
	file := filepath.Join(source, "main.py")
	if err := errors.Join(os.WriteFile(file, nil, 0o444), os.Chtimes(file, then, then)); err != nil {
		t.Fatal(err)
	}
	if err := copyFolder(source, target); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(target, "main.py")); err != nil || !info.ModTime().Equal(then) {
		t.Errorf("the copy is of %v, %v; want %v", info.ModTime(), err, then)
	}
}

// TestCopiedProgramRuns: no process that is started while a program is copied keeps the
// copy from being executed.
func TestCopiedProgramRuns(t *testing.T) {
	source, copies := t.TempDir(), t.TempDir()
	program, err := os.ReadFile("/bin/true")
	if err == nil {
		err = os.WriteFile(filepath.Join(source, "program"), program, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	var others sync.WaitGroup
	done := make(chan struct{})
	defer others.Wait()
	defer close(done)
	for range 2 {
		others.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				other := exec.Command("/bin/true")
				// As a sandbox is started: with a user namespace the exec comes late.
				other.SysProcAttr = &syscall.SysProcAttr{
					Cloneflags:  syscall.CLONE_NEWUSER,
					UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}},
				}
				_ = other.Run() // where there are no user namespaces, it fails
			}
		})
	}
	for n := range 60 {
		to := filepath.Join(copies, strconv.Itoa(n))
		if err := os.Mkdir(to, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := copyFolder(source, to); err != nil {
			t.Fatal(err)
		}
		if err := exec.Command(filepath.Join(to, "program")).Run(); err != nil {
			t.Fatalf("copy %d: %v", n, err)
		}
	}
}
