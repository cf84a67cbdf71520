package main

import (
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
		testPlatformImage(t, e, tag, readCompose(t, "platform", nil).args())
	})
	t.Run("platform without one of its rights", func(t *testing.T) { testEachRight(t, e, tag) })
	t.Run("platform in the weaker isolation", func(t *testing.T) {
		testPlatformImage(t, e, tag, []string{"--network=host", "--volume=/sys/fs/cgroup:/sys/fs/cgroup", "--env=MINIFAAS_ISOLATION=process"})
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
	weaker := slices.Contains(args, "--env=MINIFAAS_ISOLATION=process")
	if log := c.docker(t, "logs", c.id); strings.Contains(log, "the sandbox lacks") != weaker {
		t.Errorf("a weaker sandbox: want %v; the platform says:\n%s", weaker, log)
	}
	c.stop(t, 30*time.Second)
	// Its cgroups and processes are the host's too; its folders were the container's.
	if left := running(fmt.Sprintf("/var/lib/minifaas/%d", base), "", base); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

// testEachRight takes away each of the rights that docs/deployment.md calls
// needed: the platform must end at once and say what is wrong. The two that are
// not here take AppArmor to be missed, and a function that reads /proc.
func testEachRight(t *testing.T, e *dockerEngine, tag string) {
	for right, says := range map[string]string{
		"DAC_OVERRIDE":                  "no writable cgroup",
		"SETUID":                        "start agent",
		"SETGID":                        "start agent",
		"/sys/fs/cgroup:/sys/fs/cgroup": "no writable cgroup",
		"seccomp=unconfined":            "try a sandbox",
	} {
		t.Run(strings.Trim(right, "/"), func(t *testing.T) {
			if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil && right == "DAC_OVERRIDE" {
				t.Skip("with cgroup v2 root may write to the cgroups' top folder without it")
			}
			service := readCompose(t, "platform", nil)
			taken := 0
			for _, list := range []*[]string{&service.CapAdd, &service.SecurityOpt, &service.Volumes} {
				before := len(*list)
				*list = slices.DeleteFunc(*list, func(r string) bool { return r == right })
				taken += before - len(*list)
			}
			if taken != 1 {
				t.Fatalf("compose.yaml gives %s %d times, want once", right, taken)
			}
			c, _ := e.startPlatform(t, append(service.args(), "minifaas:"+tag))
			if code := c.docker(t, "wait", c.id); code != "1" {
				t.Errorf("exit code %s, want 1", code)
			}
			if log := c.docker(t, "logs", c.id); !strings.Contains(log, says) {
				t.Errorf("it does not say %q:\n%s", says, log)
			}
		})
	}
}

// startPlatform starts the platform's image with one node, on ports from base
// on. The last of args is the image.
func (e *dockerEngine) startPlatform(t *testing.T, args []string) (c dockerContainer, base int) {
	t.Helper()
	base = takeTestPorts(t)
	return e.run(t, append([]string{
		"--env", "MINIFAAS_ADDRESS=127.0.0.1", "--env", fmt.Sprintf("MINIFAAS_PORT_BASE=%d", base),
		"--env", "MINIFAAS_NODES=1", "--env", "MINIFAAS_MAX_NODES=1",
	}, args...)...), base
}

// runPlatform starts the platform's image and waits until it serves.
func (e *dockerEngine) runPlatform(t *testing.T, args []string) (dockerContainer, caller, int) {
	t.Helper()
	c, base := e.startPlatform(t, args)
	c.awaitHealthy(t)
	conn, err := rpc.Dial(net.JoinHostPort("127.0.0.1", strconv.Itoa(base+apiserverPort)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return c, caller{t, apiserverpb.NewAPIServerClient(conn)}, base
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
