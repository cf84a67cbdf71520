package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// dockerEngine is a Docker engine to test images with.
type dockerEngine struct {
	t   *testing.T
	env []string
}

// needDocker finds the engine of this machine or, as root, starts one for the
// test alone, which leaves nothing. Else the test is skipped.
func needDocker(t *testing.T) *dockerEngine {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: no container images")
	}
	if _, err := exec.LookPath("docker"); err != nil {
		t.Skip("no container images: there is no docker command")
	}
	e := &dockerEngine{t: t, env: append(os.Environ(), "DOCKER_CONFIG="+t.TempDir())}
	if e.command("buildx", "version").Run() != nil {
		e.env = append(e.env, "DOCKER_BUILDKIT=0")
	}
	if host := os.Getenv("DOCKER_HOST"); host != "" && !strings.HasPrefix(host, "unix:") {
		t.Skipf("no container images: the Docker engine at %s is on another machine", host)
	}
	if e.answers() {
		return e
	}
	if _, err := exec.LookPath("dockerd"); err != nil || os.Geteuid() != 0 {
		t.Skip("no container images: no Docker engine answers, and only root with dockerd can start one")
	}
	// A folder each: a driver that fails must not spoil it for the next.
	for _, driver := range []string{"overlay2", "vfs"} {
		if e.start(driver) {
			return e
		}
	}
	t.Skip("no container images: dockerd does not run here; its log is above")
	return nil
}

// engineScript gives the engine mounts and processes of its own: whatever
// becomes of it, they end with its first process. So does what it writes below
// /run and /etc, whatever its flags say.
const engineScript = `set -e
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mkdir /run/etc /run/work
mount -t overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/work overlay /etc
exec dockerd "$@"`

func (e *dockerEngine) start(driver string) bool {
	e.t.Helper()
	dir, cgroupParent := e.t.TempDir(), fmt.Sprintf("minifaas-docker-%d-%s", os.Getpid(), driver)
	// A socket's path may have 107 bytes; that of a test's folder has more.
	socket := filepath.Join(os.TempDir(), cgroupParent+".sock")
	e.env = append(e.env, "DOCKER_HOST=unix://"+socket)
	log := &bytes.Buffer{}
	engine := exec.Command("sh", "-c", engineScript, "sh", "-H", "unix://"+socket,
		"--data-root", filepath.Join(dir, "data"), "--exec-root", filepath.Join(dir, "exec"), "--pidfile", filepath.Join(dir, "pid"),
		"--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false",
		"--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", "/"+cgroupParent, "--storage-driver", driver)
	engine.Stdout, engine.Stderr = log, log
	// A test that is killed cleans nothing up; the kernel at least ends the engine.
	engine.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL}
	started, ended := make(chan error), make(chan struct{})
	go func() {
		defer close(ended)
		// The signal comes when the thread ends that started the engine.
		runtime.LockOSThread()
		err := engine.Start()
		started <- err
		if err == nil {
			_ = engine.Wait()
		}
	}()
	if err := <-started; err != nil {
		e.t.Logf("start dockerd: %v", err)
		return false
	}
	e.t.Cleanup(func() {
		_ = engine.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			_ = engine.Process.Kill()
			<-ended
		}
		os.Remove(socket)
		removeCgroups(e.t, cgroupParent)
	})
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if e.answers() {
			return true
		}
		select {
		case <-ended:
			e.t.Logf("dockerd with the storage driver %s:\n%s", driver, log)
			return false
		case <-time.After(50 * time.Millisecond):
		}
	}
	e.t.Logf("dockerd with the storage driver %s does not answer", driver)
	return false
}

// removeCgroups removes the groups that the engine made below a parent of its
// own, which are empty when its containers are gone.
func removeCgroups(t *testing.T, parent string) {
	t.Helper()
	var groups []string
	for _, pattern := range []string{"/sys/fs/cgroup/" + parent, "/sys/fs/cgroup/*/" + parent} {
		found, _ := filepath.Glob(pattern)
		for _, root := range found {
			_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
				if err == nil && entry.IsDir() {
					groups = append(groups, path)
				}
				return nil
			})
		}
	}
	for _, group := range slices.Backward(groups) {
		if err := syscall.Rmdir(group); err != nil {
			t.Errorf("remove the engine's cgroup %s: %v", group, err)
		}
	}
}

func (e *dockerEngine) answers() bool { return e.command("version").Run() == nil }

func (e *dockerEngine) command(args ...string) *exec.Cmd {
	cmd := exec.Command("docker", args...)
	cmd.Env = e.env
	return cmd
}

// docker runs a command that must succeed within two minutes, and returns its output.
func (e *dockerEngine) docker(t *testing.T, args ...string) string {
	t.Helper()
	output, err := e.try(args...)
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return output
}

func (e *dockerEngine) try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "docker", args...)
	cmd.Env = e.env
	output, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(output)), err
}

// dockerContainer is a container of the engine that one test runs.
type dockerContainer struct {
	*dockerEngine
	id string
}

// run starts a container. Its log is shown when the test fails.
func (e *dockerEngine) run(t *testing.T, args ...string) dockerContainer {
	t.Helper()
	created := strings.Fields(e.docker(t, append([]string{"create"}, args...)...))
	c := dockerContainer{e, created[len(created)-1]} // warnings come first
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := e.try("logs", c.id)
			t.Logf("container %s:\n%s", args[len(args)-1], log)
		}
		e.docker(t, "rm", "--force", "--volumes", c.id)
	})
	e.docker(t, "start", c.id)
	return c
}

func (c dockerContainer) inspect(t *testing.T, format string) string {
	t.Helper()
	return c.docker(t, "inspect", "--format", format, c.id)
}

// awaitHealthy runs the image's own health check until it succeeds.
func (c dockerContainer) awaitHealthy(t *testing.T) {
	t.Helper()
	check := strings.Fields(c.inspect(t, `{{join .Config.Healthcheck.Test " "}}`))
	if len(check) < 2 || check[0] != "CMD" {
		t.Fatalf("health check %q cannot run without a shell", check)
	}
	var last string
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); {
		output, err := c.try(append([]string{"exec", c.id}, check[1:]...)...)
		if err == nil {
			return
		}
		last = output
		if c.inspect(t, "{{.State.Running}}") != "true" {
			t.Fatal("the container has ended")
		}
	}
	t.Fatalf("the container does not become healthy: %s", last)
}

// stop ends the container as docker stop does: it must end by itself, without error.
func (c dockerContainer) stop(t *testing.T, grace time.Duration) {
	t.Helper()
	begin := time.Now()
	c.docker(t, "stop", "-t", strconv.Itoa(int(grace.Seconds())), c.id)
	if code := c.inspect(t, "{{.State.ExitCode}}"); code != "0" {
		t.Errorf("exit code %s %v after SIGTERM, want 0 within %v", code, time.Since(begin), grace)
	}
}
