package linux

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/opencontainers/cgroups"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"
	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/function"
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
		StateDir:      sandboxtest.StateDir(t),
		CgroupParent:  "minifaas-test",
		Name:          nodeName(t),
		Memory:        2 << 30,
		CPU:           2,
		AgentPath:     sandboxtest.Build(t).Agent,
		FullAgentPath: sandboxtest.Build(t).FullAgent,
		Isolation:     isolationUnderTest(),
		Ready:         readyUnderTest(),
		eager:         true,
		Log:           zaptest.NewLogger(t, zaptest.Level(zap.ErrorLevel)),
	}
}

// isolationUnderTest lets a second run of the test binary test another one.
func isolationUnderTest() Isolation { return Isolation(os.Getenv("MINIFAAS_TEST_ISOLATION")) }

// poolVariable makes the test process take all containers from a pool that has been
// filled; without it none is.
const poolVariable = "MINIFAAS_TEST_POOL"

func readyUnderTest() int {
	if os.Getenv(poolVariable) != "" {
		return 1
	}
	return -1
}

// pooled is a Runtime whose containers all come from the pool.
type pooled struct{ *Runtime }

func (p pooled) Create(ctx context.Context, spec sandbox.Spec) (sandbox.Container, error) {
	p.fillPool(ctx, spec)
	return p.Runtime.Create(ctx, spec)
}

// fillPool waits until there is a sandbox for the container that spec asks for, and
// a zygote if one of its breed can be had.
func (r *Runtime) fillPool(ctx context.Context, spec sandbox.Spec) {
	k := kindOf(spec, nil)
	r.pool.expect([]kind{k})
	r.zygotes.expect([]function.Function{spec.Function})
	for ctx.Err() == nil && !r.isClosed() && (r.Ready()[k.String()] == 0 || !r.hatched(spec.Function)) {
		time.Sleep(time.Millisecond)
	}
}

// hatched reports whether the function's tenant can have a zygote, or never will.
func (r *Runtime) hatched(f function.Function) bool {
	program, err := findInterpreter(f.Runtime, os.Getenv("PATH"))
	b, ok := breedOf(f, program)
	r.zygotes.mu.Lock()
	defer r.zygotes.mu.Unlock()
	return !ok || err != nil || !r.zygotes.interest(b).failed.IsZero() ||
		r.zygotes.find(b, "") != nil || r.zygotes.find(b, f.Name.Account) != nil
}

func (r *Runtime) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// underTest is what the suite is to test.
func underTest(r *Runtime) sandbox.Runtime {
	if r.pool == nil {
		return r
	}
	return pooled{r}
}

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
	sandboxtest.Run(t, func(t *testing.T) sandbox.Runtime { return underTest(newRuntime(t, nil)) }, features)
}

// TestConformanceWasm runs the suite with a WebAssembly module, whose invocations end one by one.
func TestConformanceWasm(t *testing.T) {
	programs := sandboxtest.Build(t)
	features := sandboxtest.Features{
		Work:    programs.Module(t),
		Broken:  programs.Broken(),
		Spares:  true,
		NoQuota: "a module cannot tell the CPU time that it has used",
	}
	features.Broken.Runtime = features.Work.Runtime
	sandboxtest.Run(t, func(t *testing.T) sandbox.Runtime { return newRuntime(t, nil) }, features)
}

// TestConformanceProcess runs the suite without namespaces.
func TestConformanceProcess(t *testing.T) {
	if isolationUnderTest() != "" {
		t.Skip("this is the second run")
	}
	again(t, exec.Command(os.Args[0], "-test.run=^(TestConformance|TestRefused|TestPrograms|TestModule|TestTimeoutSparesContainer)$", "-test.v"), "MINIFAAS_TEST_ISOLATION=process")
}

// TestConformancePool runs the suite and the escape tests in sandboxes that were
// made before it was known for which function.
func TestConformancePool(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a function's code in a sandbox that is shut")
	}
	again(t, exec.Command(os.Args[0], "-test.run=^(TestConformance|TestEscape|TestRefused|TestPrograms|TestTimeoutSparesContainer|TestModule)$", "-test.v"), poolVariable+"=1")
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
			cmd := exec.Command(program, "-test.run=^(TestConformance|TestEgress|TestEscape|TestRefused|TestPrograms|TestModule|TestTimeoutSparesContainer)$", "-test.v")
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
	cmd := exec.Command(os.Args[0], "-test.run=^(TestConformance|TestEscape|TestRefused|TestKilledNode|TestFrozenContainer|TestKilledNodeFrozen|TestForkedIsAsConfined|TestZygoteSecrets|TestFunctionZygote|TestFunctionZygoteDies)$", "-test.v")
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
