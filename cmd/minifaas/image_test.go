package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/rpc"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
)

// TestImage builds the container images and runs them with the rights that
// deploy/compose.yaml gives them.
func TestImage(t *testing.T) {
	needPrograms(t)
	e := needDocker(t)
	tag := fmt.Sprintf("test-%d", os.Getpid())
	binary := filepath.Join(t.TempDir(), "minifaas")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build minifaas: %v\n%s", err, output)
	}
	e.buildImages(t, binary, tag, "scratch")

	t.Run("scheduler for a platform on the host", func(t *testing.T) { testSchedulerImage(t, e, tag) })
	t.Run("platform", func(t *testing.T) {
		service := readCompose(t, "platform", nil)
		testPlatformImage(t, e, tag, service.args())
	})
	t.Run("platform with nothing but --privileged", func(t *testing.T) {
		if !hasAllCapabilities(t) {
			t.Skip("this machine withholds capabilities, so that no engine on it can give all of them")
		}
		testPlatformImage(t, e, tag, []string{"--network=host", "--privileged"})
	})
	t.Run("platform on a base with python", func(t *testing.T) { testPythonImage(t, e, binary, tag+"-python") })
}

// buildImages runs deploy/image.sh, as make image does.
func (e *dockerEngine) buildImages(t *testing.T, binary, tag, base string) {
	t.Helper()
	build := exec.Command("../../deploy/image.sh")
	build.Env = append(slices.Clone(e.env), "BINARY="+binary, "TAG="+tag, "BASE="+base)
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("image.sh: %v\n%s", err, output)
	}
	t.Cleanup(func() { e.docker(t, "rmi", "minifaas-scheduler:"+tag, "minifaas:"+tag) })
}

func testSchedulerImage(t *testing.T, e *dockerEngine, tag string) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	endpoint := lis.Addr().String()
	lis.Close()
	p := startTest(t, "", func(cfg *platformConfig) { cfg.schedulerEndpoint = endpoint })
	_, port, _ := net.SplitHostPort(endpoint)
	service := readCompose(t, "scheduler", map[string]string{"SERVICE_PORT": port, "RESOURCE_MANAGER_ENDPOINT": p.endpoint(resourceManagerPort)})
	c := e.run(t, append(service.args(), "minifaas-scheduler:"+tag)...)
	c.awaitHealthy(t)
	if user := c.inspect(t, "{{.Config.User}}"); user == "" || strings.HasPrefix(user, "0") {
		t.Errorf("the scheduler's user is %q, want one without rights", user)
	}
	if version := c.inspect(t, `{{index .Config.Labels "org.opencontainers.image.version"}}`); version == "" {
		t.Error("the image does not tell its version")
	}
	newCaller(t, p).coldThenWarm("hello")
	c.stop(t, 20*time.Second)
}

// coldThenWarm invokes a function twice: the container of the first call serves the second.
func (c caller) coldThenWarm(function string) {
	c.t.Helper()
	for _, cold := range []bool{true, false} {
		reply := c.must(function, `{"name":"world"}`)
		if reply.GetFunctionError() != "" || !strings.Contains(string(reply.GetBody()), "world") || reply.GetColdStart() != cold {
			c.t.Errorf("%s: %q, cold start %v, error %s %s; want the world, and a cold start: %v",
				function, reply.GetBody(), reply.GetColdStart(), reply.GetFunctionError(), reply.GetFunctionErrorMessage(), cold)
		}
	}
}

func testPlatformImage(t *testing.T, e *dockerEngine, tag string, args []string) {
	c, calls, base := e.runPlatform(t, append(args, "minifaas:"+tag))
	calls.coldThenWarm("hello")
	// A node's log says what its sandboxes lack.
	log := filepath.Join(t.TempDir(), "node.log")
	c.docker(t, "cp", fmt.Sprintf("%s:/var/lib/minifaas/%d/pool/n01.log", c.id, base), log)
	if text, err := os.ReadFile(log); err != nil || !bytes.Contains(text, []byte("serving")) || bytes.Contains(text, []byte("lack")) {
		t.Errorf("the node does not serve, or not with whole sandboxes: %v\n%s", err, text)
	}
	c.stop(t, 30*time.Second)
	if left := leftovers("/nonexistent", "", base); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

// runPlatform starts the platform's image on ports of its own. The last of args is the image.
func (e *dockerEngine) runPlatform(t *testing.T, args []string) (dockerContainer, caller, int) {
	t.Helper()
	base, err := freePortBase()
	if err != nil {
		t.Fatal(err)
	}
	c := e.run(t, append([]string{
		"--env", "MINIFAAS_ADDRESS=127.0.0.1", "--env", fmt.Sprintf("MINIFAAS_PORT_BASE=%d", base),
		"--env", "MINIFAAS_NODES=1", "--env", "MINIFAAS_MAX_NODES=1",
	}, args...)...)
	c.awaitHealthy(t)
	conn, err := rpc.Dial(net.JoinHostPort("127.0.0.1", strconv.Itoa(base+apiserverPort)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return c, caller{t, apiserverpb.NewAPIServerClient(conn)}, base
}

// testPythonImage proves BASE: Python's functions need an image with Python in
// it. On the way it shows that a container's limits hold in a container.
func testPythonImage(t *testing.T, e *dockerEngine, binary, tag string) {
	base := e.importPython(t, tag)
	e.buildImages(t, binary, tag, base)
	functions := openTempDir(t)
	if err := writeSamples(functions); err != nil {
		t.Fatal(err)
	}
	const manifest = `functions:
- {name: own-proc, runtime: python3, handler: main.handler, code: own-proc}
- {name: slow, runtime: native, handler: load-native, code: load-native, timeout: 200ms}
- {name: greedy, runtime: native, handler: load-native, code: load-native, memory: 64MiB}
`
	if err := os.WriteFile(filepath.Join(functions, "functions.yaml"), []byte(manifest), 0o644); err != nil {
		t.Fatal(err)
	}
	// The kernel mounts a sandbox its /proc only where the engine covers nothing of it.
	const ownProc = "def handler(event, context):\n    return open('/proc/self/status').read()\n"
	if err := errors.Join(os.Mkdir(filepath.Join(functions, "own-proc"), 0o755),
		os.WriteFile(filepath.Join(functions, "own-proc", "main.py"), []byte(ownProc), 0o644)); err != nil {
		t.Fatal(err)
	}
	service := readCompose(t, "platform", nil)
	service.Volumes = append(service.Volumes, functions+":/functions:ro")
	c, calls, _ := e.runPlatform(t, append(service.args(), "minifaas:"+tag))
	calls.coldThenWarm("hello-python")
	if reply := calls.must("own-proc", `{}`); !strings.Contains(string(reply.GetBody()), "NoNewPrivs:") {
		t.Errorf("a function's /proc: %q, %s", reply.GetBody(), reply.GetFunctionErrorMessage())
	}
	for function, event := range map[string]string{"slow": `{"sleep_ms":10000}`, "greedy": `{"touch_mb":500}`} {
		want := map[string]string{"slow": "Timeout", "greedy": "OutOfMemory"}[function]
		if reply := calls.must(function, event); reply.GetFunctionError() != want {
			t.Errorf("%s: %q %s, want %s", function, reply.GetFunctionError(), reply.GetFunctionErrorMessage(), want)
		}
	}
	c.stop(t, 30*time.Second)
}

// openTempDir is a folder that every user may enter.
func openTempDir(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, dir := range []string{folder, filepath.Dir(folder)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// importPython makes an image of this machine's python3, its library and the
// shared libraries that it is linked with, and nothing else.
func (e *dockerEngine) importPython(t *testing.T, tag string) string {
	t.Helper()
	const python = "/usr/bin/python3"
	if _, err := os.Stat(python); err != nil {
		t.Skip("no /usr/bin/python3 on this machine to make an image of")
	}
	folders, err := exec.Command(python, "-c", "import sysconfig as s; print(*{s.get_path('stdlib'), s.get_path('platstdlib')})").Output()
	if err != nil {
		t.Fatalf("find python's library: %v", err)
	}
	linked, err := exec.Command("ldd", python).Output()
	if err != nil {
		t.Skipf("no base image: ldd %s: %v", python, err)
	}
	files := append(strings.Fields(string(folders)), python)
	for _, library := range regexp.MustCompile(`(?m)(/\S+) \(0x`).FindAllStringSubmatch(string(linked), -1) {
		files = append(files, library[1])
	}
	root := filepath.Join(t.TempDir(), "root.tar")
	// What tests and the linker need is most of the library.
	pack := append([]string{"-c", "-h", "-P", "-f", root, "--exclude=*/test", "--exclude=*/config-*", "--exclude=*/dist-packages"}, files...)
	if output, err := exec.Command("tar", pack...).CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, output)
	}
	image := "minifaas-test-python:" + tag
	e.docker(t, "import", root, image)
	t.Cleanup(func() { e.docker(t, "rmi", image) })
	return image
}

// hasAllCapabilities says whether this process could pass on every capability
// that the kernel knows.
func hasAllCapabilities(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() != 0 {
		return true // the engine is another process: it will tell
	}
	last, err := os.ReadFile("/proc/sys/kernel/cap_last_cap")
	if err != nil {
		t.Fatal(err)
	}
	highest, err := strconv.Atoi(strings.TrimSpace(string(last)))
	if err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	bounding := regexp.MustCompile(`CapBnd:\s+(\w+)`).FindSubmatch(status)
	if bounding == nil {
		t.Fatal("the kernel tells no bounding set")
	}
	set, err := strconv.ParseUint(string(bounding[1]), 16, 64)
	return err == nil && set == 1<<(highest+1)-1
}
