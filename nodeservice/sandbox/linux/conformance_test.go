package linux

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/sandboxtest"
)

func TestMain(m *testing.M) {
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
	if r := newRuntime(t, nil); r.host == nil {
		features.NoQuota = "this user has no writable cgroup, so there is no CPU quota"
	}
	sandboxtest.Run(t, func(t *testing.T) sandbox.Runtime { return newRuntime(t, nil) }, features)
}

// TestConformanceProcess runs the suite without namespaces.
func TestConformanceProcess(t *testing.T) {
	if isolationUnderTest() != "" {
		t.Skip("this is the second run")
	}
	again(t, exec.Command(os.Args[0], "-test.run=^(TestConformance|TestRefused)$", "-test.v"), "MINIFAAS_TEST_ISOLATION=process")
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
			cmd := exec.Command(program, "-test.run=^(TestConformance|TestEscape|TestRefused)$", "-test.v")
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			cmd.Dir = "/"
			again(t, cmd, "MINIFAAS_TEST_ISOLATION="+string(isolation), "HOME=/nonexistent")
		})
	}
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
