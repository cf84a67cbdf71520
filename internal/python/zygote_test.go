package python

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/jail"
	"github.com/minifaas/minifaas/internal/seccompfilter"
)

// TestZygoteRefuses: modules that it can't hand on are named, with the reason.
func TestZygoteRefuses(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a zygote is root")
	}
	for module, test := range map[string]struct{ code, want string }{
		"threaded": {"import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n", "RuntimeError: a module has started a thread"},
		"broken":   {"1/0\n", "ZeroDivisionError"},
		"writing":  {"open('written', 'w')\n", "Read-only file system"},
		"calling":  {"import socket\nsocket.create_connection(('192.0.2.1', 80), 5)\n", "Network is unreachable"},
		"fine":     {"pass\n", "ok"},
	} {
		t.Run(module, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, module+".py"), []byte(test.code), 0o644); err != nil {
				t.Fatal(err)
			}
			if answer := configured(t, folder, module); !strings.Contains(answer, test.want) {
				t.Errorf("%q, want %q", answer, test.want)
			}
		})
	}
}

// TestZygoteKeepsToItsInstallation: no folder of the host is a package, wherever it is started.
func TestZygoteKeepsToItsInstallation(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a zygote is root")
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "theirs.py"), []byte("pass\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	module := strings.ReplaceAll(strings.Trim(folder, "/"), "/", ".") + ".theirs"
	if answer := configured(t, t.TempDir(), module); !strings.Contains(answer, "ModuleNotFoundError") {
		t.Errorf("%s: %q", module, answer)
	}
}

// configured starts a zygote that finds modules in the folder, too, and returns its answer.
func configured(t *testing.T, folder, module string) string {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "node")
	defer theirs.Close()
	cmd := exec.Command("/usr/bin/python3", Arguments...)
	cmd.Dir, cmd.Stdin, cmd.Stderr = "/", bytes.NewReader(Zygote()), os.Stderr
	cmd.Env = append(os.Environ(), "PYTHONPATH="+folder)
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET}
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	defer func() { _ = unix.Close(fds[0]); _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	program, err := seccompfilter.Assemble()
	if err != nil {
		t.Fatal(err)
	}
	configuration, err := Configuration([]string{module}, jail.Confine(program))
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Send(fds[0], configuration, 0); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	answer := make([]byte, 4096)
	n, err := unix.Read(fds[0], answer)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer[:n])
}
