package spawn

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestNetwork: a process is born in the network that it was given, and the next one in the helper's.
func TestNetwork(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	s := newSpawner(t)
	own, err := os.Readlink("/proc/thread-self/ns/net") // of the whole process it would be the first thread's
	if err != nil {
		t.Fatal(err)
	}
	made := make(chan *os.File)
	go func() {
		runtime.LockOSThread() // never unlocked: it ends with its network
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			t.Logf("no networks here: %v", err)
			made <- nil
			return
		}
		file, _ := os.Open("/proc/thread-self/ns/net")
		made <- file
	}()
	network := <-made
	if network == nil {
		t.SkipNow()
	}
	defer network.Close()
	var info unix.Stat_t
	if err := unix.Fstat(int(network.Fd()), &info); err != nil {
		t.Fatal(err)
	}
	other := fmt.Sprintf("net:[%d]", info.Ino)
	for _, c := range []struct {
		given *os.File
		want  string
	}{{nil, own}, {network, other}, {nil, own}} {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Start(Command{
			Path: "/bin/readlink", Args: []string{"readlink", "/proc/self/ns/net"}, Dir: "/", Files: []*os.File{write, write, write}, Network: c.given,
		})
		write.Close()
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(read)
		read.Close()
		if end := p.Wait(); !end.Success() || strings.TrimSpace(string(said)) != c.want {
			t.Errorf("with network %v it is in %s, want %s; %v", c.given, said, c.want, end)
		}
	}
}

// TestRoot: a process is born with the mounts that it was given, and the next one without.
func TestRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	s, folder := newSpawner(t), t.TempDir()
	made, mounted := make(chan *os.File), make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: it ends with its mounts
		err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS)
		if err == nil {
			err = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
		}
		if err == nil {
			err = unix.Mount("tmpfs", folder, "tmpfs", 0, "")
		}
		file, opened := os.Open("/proc/thread-self/ns/mnt")
		if err == nil {
			err = opened
		}
		mounted <- err
		made <- file
	}()
	if err := <-mounted; err != nil {
		t.Skipf("no mounts here: %v", err)
	}
	root := <-made
	defer root.Close()
	for _, given := range []*os.File{nil, root, nil} {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Start(Command{
			Path: "/bin/cat", Args: []string{"cat", "/proc/self/mountinfo"}, Dir: "/", Files: []*os.File{write, write, write},
			Attributes: &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}, Root: given,
		})
		write.Close()
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(read)
		read.Close()
		if end := p.Wait(); !end.Success() {
			t.Fatalf("%v: %s", end, said)
		}
		if strings.Contains(string(said), folder) != (given != nil) {
			t.Errorf("with root %v it sees:\n%s", given, said)
		}
	}
}
