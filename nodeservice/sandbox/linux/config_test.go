package linux

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minifaas/minifaas/nodeservice/sandbox/sandboxtest"
)

// long is a timeout that no test reaches.
const long = time.Minute

func TestConfigFaults(t *testing.T) {
	_, err := New(Config{StateDir: "x", AgentPath: "y", Name: "../z", CgroupParent: "../..", Isolation: "hope", UIDBase: -1, TmpBytes: -1, EgressDeny: []netip.Prefix{netip.MustParsePrefix("::ffff:10.0.0.0/104")}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, part := range []string{"state dir", "agent path", "name", "cgroup parent", "memory", "cpu", "isolation", "uid base", "tmp bytes", "egress deny"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not name the %s", err, part)
		}
	}
}

func TestNewFaults(t *testing.T) {
	tests := map[string]struct {
		change func(*Config)
		want   string
	}{
		"no agent":        {func(c *Config) { c.AgentPath = "/nowhere/agent" }, "build it, with CGO_ENABLED=0"},
		"not an agent":    {func(c *Config) { c.AgentPath = "/bin/false" }, "exit status 1"},
		"not a program":   {func(c *Config) { c.AgentPath = "/etc/passwd" }, "is not executable"},
		"closed to users": {func(c *Config) { c.StateDir = closedFolder(t) }, "has mode 0700"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig(t)
			test.change(&cfg)
			if name == "closed to users" && os.Geteuid() != 0 {
				t.Skip("containers run as the same user")
			}
			r, err := New(cfg)
			if err == nil {
				_ = r.Close()
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q, want %q in it", err, test.want)
			}
			wantNothingLeft(t, cfg)
		})
	}
}

func closedFolder(t *testing.T) string {
	dir := filepath.Dir(sandboxtest.StateDir(t))
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "state")
}

// TestAgentIsCopied: an agent in a folder that is closed to others still runs.
func TestAgentIsCopied(t *testing.T) {
	program, err := os.ReadFile(sandboxtest.Build(t).Agent)
	if err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(t.TempDir(), "agent") // t.TempDir is closed
	write(t, closed, string(program), 0o755)
	r := newRuntime(t, func(c *Config) { c.AgentPath = closed })
	enterContainer(t, r, "c1", 64<<20).try(t, "status")
}
