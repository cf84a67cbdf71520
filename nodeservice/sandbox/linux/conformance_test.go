package linux

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/opencontainers/cgroups"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"
	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/sandboxtest"
)

func TestMain(m *testing.M) {
	if os.Getenv(pureV2Variable) != "" {
		if err := mountPureV2(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	code := m.Run()
	sandboxtest.Remove()
	os.Exit(code)
}

// newRuntime makes a runtime whose Close must leave nothing behind.
func newRuntime(t testing.TB, change func(*Config)) *Runtime {
	t.Helper()
	cfg := testConfig(t)
	if change != nil {
		change(&cfg)
	}
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		wantNothingLeft(t, cfg)
	})
	return r
}

func testConfig(t testing.TB) Config {
	return Config{
		StateDir:     sandboxtest.StateDir(t),
		CgroupParent: "minifaas-test",
		Name:         nodeName(t),
		Memory:       2 << 30,
		CPU:          2,
		AgentPath:    sandboxtest.Build(t).Agent,
		Isolation:    isolationUnderTest(),
		Log:          zaptest.NewLogger(t, zaptest.Level(zap.ErrorLevel)),
	}
}

// isolationUnderTest lets a second run of the test binary test another one.
func isolationUnderTest() Isolation { return Isolation(os.Getenv("MINIFAAS_TEST_ISOLATION")) }

// nodeName is unique on this machine: other test processes run beside.
func nodeName(t testing.TB) string {
	return filepath.Base(filepath.Dir(sandboxtest.StateDir(t)))
}

func wantNothingLeft(t testing.TB, cfg Config) {
	t.Helper()
	if _, err := os.Lstat(cfg.StateDir); err == nil {
		t.Errorf("state folder %s is left", cfg.StateDir)
	}
	for _, pattern := range []string{"/sys/fs/cgroup/", "/sys/fs/cgroup/*/"} {
		if left, _ := filepath.Glob(pattern + cfg.CgroupParent + "/" + cfg.Name); len(left) > 0 {
			t.Errorf("cgroups are left: %v", left)
		}
	}
}

func TestConformance(t *testing.T) {
	programs := sandboxtest.Build(t)
	features := sandboxtest.Features{Work: programs.Function(), Broken: programs.Broken(), Errors: true}
	if r := newRuntime(t, nil); r.host == nil || !r.host.Limited("cpu") {
		features.NoQuota = "there is no CPU quota here: " + strings.Join(r.Missing(), "; ")
	}
	sandboxtest.Run(t, func(t *testing.T) sandbox.Runtime { return newRuntime(t, nil) }, features)
}

// TestConformanceProcess runs the suite without namespaces.
func TestConformanceProcess(t *testing.T) {
	if isolationUnderTest() != "" {
		t.Skip("this is the second run")
	}
	again(t, exec.Command(os.Args[0], "-test.run=^(TestConformance|TestRefused|TestPrograms|TestTimeoutSparesContainer)$", "-test.v"), "MINIFAAS_TEST_ISOLATION=process")
}

// TestConformanceRootless runs the suite and the escape tests as another user.
func TestConformanceRootless(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("already rootless")
	}
	dir := filepath.Dir(sandboxtest.StateDir(t))
	program := filepath.Join(dir, "linux.test")
	binary, err := os.ReadFile(os.Args[0])
	if err == nil {
		err = os.WriteFile(program, binary, 0o755)
	}
	if err == nil {
		err = os.Chmod(program, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, isolation := range []Isolation{Namespaces, Process} {
		t.Run(string(isolation), func(t *testing.T) {
			cmd := exec.Command(program, "-test.run=^(TestConformance|TestEscape|TestRefused|TestPrograms|TestTimeoutSparesContainer)$", "-test.v")
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			cmd.Dir = "/"
			again(t, cmd, "MINIFAAS_TEST_ISOLATION="+string(isolation), "HOME=/nonexistent")
		})
	}
}

// pureV2Variable makes the test process see a host with cgroup v2 alone.
const pureV2Variable = "MINIFAAS_TEST_CGROUP2"

// mountPureV2 covers the host's cgroups with its cgroup2 hierarchy, in this
// process's own mount namespace.
func mountPureV2() error {
	var there unix.Statfs_t
	if err := unix.Statfs("/sys/fs/cgroup", &there); err == nil && there.Type == unix.CGROUP2_SUPER_MAGIC {
		return nil // by the parent
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := unix.Mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, ""); err != nil {
		return fmt.Errorf("mount cgroup2: %w", err)
	}
	return nil
}

// TestConformanceV2 runs the suite as on a host with cgroup v2 alone. On a hybrid
// host that hierarchy has no controllers: then it is groups, clone and kill that
// are tested, and the limits are missing, as Runtime.Missing says.
func TestConformanceV2(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a cgroup hierarchy")
	}
	if cgroups.IsCgroup2UnifiedMode() {
		t.Skip("this host has cgroup v2 alone: TestConformance tests it")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^(TestConformance|TestEscape|TestRefused|TestKilledNode)$", "-test.v")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	again(t, cmd, pureV2Variable+"=1")
}

// again runs the test binary a second time and shows what it skipped.
func again(t *testing.T, cmd *exec.Cmd, environment ...string) {
	t.Helper()
	cmd.Env = append(append(os.Environ(), sandboxtest.Build(t).Environment()), environment...)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("second run: %v", err)
	}
}
