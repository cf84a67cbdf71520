package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/zap/zaptest"
	"google.golang.org/grpc"

	"github.com/minifaas/minifaas/internal/rpc"
)

// asProgram makes the test binary behave as minifaas: the platform's processes
// are started from the same executable.
const asProgram = "MINIFAAS_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if index := os.Getenv(evilEnv); index != "" {
		if err := beEvil(index); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Setenv(asProgram, "1")
	os.Exit(m.Run())
}

// needPrograms skips a test where the embedded programs are not built.
func needPrograms(t *testing.T) {
	t.Helper()
	if _, err := embedded.ReadFile("embedded/containerservice-full"); err != nil {
		t.Skip("the embedded programs are not built: run make build first")
	}
}

// startTest brings up a platform for one test, with the sample functions and
// those of the manifest, and takes it down afterwards.
func startTest(t *testing.T, manifest string, change func(*platformConfig)) *platform {
	t.Helper()
	needPrograms(t)
	folder := t.TempDir()
	// Containers run as other users, who must get in.
	for dir := folder; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	functions := filepath.Join(folder, "functions")
	if err := writeSamples(functions); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(functions, "functions.yaml"), []byte("functions:\n"+manifest), 0o644); err != nil {
		t.Fatal(err)
	}
	base := takeTestPorts(t)
	cfg := platformConfig{
		address:  "127.0.0.1",
		portBase: base,
		sandbox: sandboxFlags{
			functionFlags: functionFlags{functions}, StateDir: filepath.Join(folder, "state"), Isolation: "auto",
			NodeMemory: defaultNodeMemory, NodeCPU: defaultNodeCPU,
		},
		pool:   poolFlags{Nodes: 1, MaxNodes: 1},
		policy: policyFlags{Policy: "adaptive"},
		logs:   logFlags{LogLevel: "info", LogFormat: "text"},
		log:    zaptest.NewLogger(t),
		output: testOutput{t},
	}
	if change != nil {
		change(&cfg)
	}
	p, err := startPlatform(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		if left := leftovers(cfg.sandbox.StateDir, cfg.sandbox.CgroupParent, base); left != nil {
			t.Errorf("left behind: %v", left)
		}
	})
	return p
}

// testOutput shows what the services log when a test fails.
type testOutput struct{ t *testing.T }

func (o testOutput) Write(line []byte) (int, error) {
	fmt.Fprintf(o.t.Output(), "%s", line)
	return len(line), nil
}

// connect dials a service of the platform.
func connect(t *testing.T, p *platform, offset int) *grpc.ClientConn {
	t.Helper()
	conn, err := rpc.Dial(p.endpoint(offset))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// leftovers lists what a platform must not leave: cgroups, processes, mounts,
// sockets and folders of its nodes.
func leftovers(stateDir, cgroupParent string, portBase int) []string {
	left := running(stateDir, cgroupParent, portBase)
	for _, folder := range []string{"bin", "run", "nodes", "pool"} {
		if _, err := os.Stat(filepath.Join(stateDir, folder)); !errors.Is(err, os.ErrNotExist) {
			left = append(left, folder)
		}
	}
	return left
}

// running lists the cgroups and processes of a platform.
func running(stateDir, cgroupParent string, portBase int) []string {
	if cgroupParent == "" {
		cgroupParent = fmt.Sprintf("minifaas-%d", portBase)
	}
	found := processesOf(stateDir)
	for _, pattern := range []string{"/sys/fs/cgroup/" + cgroupParent, "/sys/fs/cgroup/*/" + cgroupParent} {
		groups, _ := filepath.Glob(pattern)
		found = append(found, groups...)
	}
	return found
}

// processesOf lists the processes that name a state folder in their command or environment.
func processesOf(stateDir string) []string {
	var found []string
	commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range commands {
		command, _ := os.ReadFile(file)
		environment, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "environ"))
		if len(command) > 0 && (bytes.Contains(command, []byte(stateDir)) || bytes.Contains(environment, []byte(stateDir))) {
			found = append(found, "process "+filepath.Base(filepath.Dir(file)))
		}
	}
	return found
}

// writeFunction adds a file to the functions of a platform that is yet to start.
func writeFunction(t *testing.T, cfg *platformConfig, name, text string) {
	t.Helper()
	path := filepath.Join(cfg.sandbox.Functions, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}
