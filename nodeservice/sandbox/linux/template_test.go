package linux

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mountsOf are the fields of what an agent sees mounted, by mount point, the last one above the others.
func mountsOf(t *testing.T, c *container) map[string][][]string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", c.agent.process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][][]string{}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		found[fields[4]] = append(found[fields[4]], fields)
	}
	return found
}

// TestSharedRoot: sandboxes begin with one root, which is not the host's, and what they
// cover of it is no way to the host's processes.
func TestSharedRoot(t *testing.T) {
	r := newRuntime(t, nil)
	if r.root == nil {
		t.Skip("needs root and namespaces")
	}
	var roots []string
	for _, id := range []string{"one", "two"} {
		c := enterContainer(t, r, id, 64<<20).container
		mounts := mountsOf(t, c)
		roots = append(roots, mounts["/"][0][2])
		procs := mounts["/proc"]
		if len(procs) != 2 || !slices.ContainsFunc(procs, func(fields []string) bool {
			return strings.HasSuffix(fields[len(fields)-1], "hidepid=ptraceable,subset=pid")
		}) {
			t.Errorf("%s: proc is mounted as %v", id, procs)
		}
		for path, fields := range mounts {
			if path == "/tmp" || path == "/dev/shm" || strings.HasPrefix(path, "/dev/") || path == "/proc" {
				continue
			}
			for _, f := range fields {
				if !strings.HasPrefix(f[5], "ro,") {
					t.Errorf("%s: %s can be written to: %s", id, path, f[5])
				}
			}
		}
		if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/root/run/hostname", c.agent.process.Pid)); err != nil || strings.TrimSpace(string(text)) != id {
			t.Errorf("%s: is called %q: %v", id, text, err)
		}
	}
	if roots[0] != roots[1] {
		t.Errorf("the roots differ: %v", roots)
	}
	r.root.mu.Lock()
	r.root.made = time.Now().Add(-2 * templateAge)
	r.root.mu.Unlock()
	if late := mountsOf(t, enterContainer(t, r, "late", 64<<20).container)["/"][0][2]; late == roots[0] {
		t.Error("the root is still that of before")
	}
}

// TestSharedRootIsOpen: a node that keeps its files to itself has sandboxes as any other.
func TestSharedRootIsOpen(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	r := newRuntime(t, nil)
	if r.root == nil {
		t.Skip("needs root and namespaces")
	}
	c := enterContainer(t, r, "one", 64<<20)
	for path, want := range map[string]os.FileMode{"etc": 0o755, "etc/passwd": 0o644, "run/hostname": 0o644} {
		info, err := os.Stat(fmt.Sprintf("/proc/%d/root/%s", c.agent.process.Pid, path))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %v, want %v", path, got, want)
		}
	}
}
