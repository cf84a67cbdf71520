package spawn

import (
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func newApart(t *testing.T) *Spawner {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a pid namespace takes root")
	}
	s := NewApart(os.Args[0])
	t.Cleanup(s.Close)
	return s
}

// TestApart: the processes see themselves and the helper, and are called here what they are
// called elsewhere; they end with the helper.
func TestApart(t *testing.T) {
	s := newApart(t)
	left, _ := shell(t, s, "exec sleep 600")
	p, output := shell(t, s, "ls -d /proc/[0-9]* >&1; exit 3")
	text, err := io.ReadAll(output)
	if got := strings.Fields(string(text)); err != nil || len(got) > 4 || got[0] != "/proc/1" {
		t.Errorf("it sees %q, %v", got, err)
	}
	if end := p.Wait(); end.String() != "exit status 3" {
		t.Errorf("ended with %v", end)
	}
	for name := []byte("sh\n"); string(name) != "sleep\n"; name, err = os.ReadFile("/proc/" + strconv.Itoa(left.Pid) + "/comm") {
		if string(name) != "sh\n" {
			t.Fatalf("process %d is called %q here, %v", left.Pid, name, err)
		}
		time.Sleep(time.Millisecond) // it has yet to become that
	}
	if err := s.line.helper.Kill(); err != nil {
		t.Fatal(err)
	}
	<-left.Done()
}

// TestOwner: the user namespace is the owner's, and its first process has in there, and the
// helper outside, what they always have.
func TestOwner(t *testing.T) {
	const owner, user = 987654, 987655
	s := newApart(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	p, err := s.Start(Command{
		Path: "/bin/sh", Args: []string{"sh", "-c", "exec sleep 600"}, Dir: "/", Owner: owner,
		Files: []*os.File{write, write, write}, Attributes: &syscall.SysProcAttr{
			Pdeathsig: syscall.SIGKILL, Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWPID, GidMappingsEnableSetgroups: true, Credential: &syscall.Credential{},
			UidMappings: []syscall.SysProcIDMap{{HostID: user, Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: user, Size: 1}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	namespace, err := os.Open("/proc/" + strconv.Itoa(p.Pid) + "/ns/user")
	if err != nil {
		t.Fatal(err)
	}
	defer namespace.Close()
	const getOwner = 0xb704 // NS_GET_OWNER_UID
	if of, err := unix.IoctlGetUint32(int(namespace.Fd()), getOwner); err != nil || of != owner {
		t.Errorf("the namespace is of %d, %v, want %d", of, err, owner)
	}
	text, err := os.ReadFile("/proc/" + strconv.Itoa(p.Pid) + "/status")
	if want := strings.Repeat("\t"+strconv.Itoa(user), 4); err != nil || !strings.Contains(string(text), "\nUid:"+want+"\n") {
		t.Errorf("it runs as another: %s, %v", text, err)
	}
	next, output := shell(t, s, "grep -E '^(Uid|CapEff)' /proc/self/status >&1")
	next.Wait()
	after, _ := io.ReadAll(output)
	own, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(strings.TrimSpace(string(after)), "\n") {
		if !strings.Contains(string(own), line) {
			t.Errorf("the next process has %q, other than the helper's parent", line)
		}
	}
	if err := p.Kill(); err != nil {
		t.Error(err)
	}
}
