package local_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minifaas/minifaas/internal/process"
	"github.com/minifaas/minifaas/resourcemanager/provider"
	"github.com/minifaas/minifaas/resourcemanager/provider/local"
)

// shell provides nodes that run a script with the name and port as $0 and $1.
func shell(t *testing.T, dir, script string, firstPort, lastPort int) *local.Provider {
	t.Helper()
	p, err := local.New(local.Config{
		Dir:       dir,
		Command:   func(name string, port int) []string { return []string{"/bin/sh", "-c", script, name, fmt.Sprint(port)} },
		FirstPort: firstPort,
		LastPort:  lastPort,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func start(t *testing.T, p *local.Provider, name string) provider.Node {
	t.Helper()
	n, err := p.Start(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Kill(); <-n.Done() })
	return n
}

func dies(t *testing.T, n provider.Node) {
	t.Helper()
	select {
	case <-n.Done():
	case <-time.After(5 * time.Second):
		t.Fatal("the node still runs")
	}
}

// threePorts returns the first of three ports in a row, with a listener on the second.
func threePorts(t *testing.T) int {
	t.Helper()
	for range 100 {
		lis, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := lis.Addr().(*net.TCPAddr).Port
		if port > 1 && port < 65535 && free(port-1) && free(port+1) {
			t.Cleanup(func() { _ = lis.Close() })
			return port - 1
		}
		_ = lis.Close()
	}
	t.Skip("no three free ports in a row")
	return 0
}

func free(port int) bool {
	lis, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
	if err == nil {
		_ = lis.Close()
	}
	return err == nil
}

func TestPorts(t *testing.T) {
	first := threePorts(t)
	p := shell(t, t.TempDir(), "exec sleep 1000", first, first+2)
	a, b := start(t, p, "n01"), start(t, p, "n02")
	if a.Port() != first || b.Port() != first+2 {
		t.Errorf("ports %d and %d, want %d and %d: somebody listens between them", a.Port(), b.Port(), first, first+2)
	}
	if _, err := p.Start("n03"); err == nil {
		t.Error("more nodes than ports")
	}
	a.Kill()
	dies(t, a)
	if c := start(t, p, "n03"); c.Port() != first {
		t.Errorf("port %d, want %d", c.Port(), first)
	}
}

func TestLastWords(t *testing.T) {
	dir := t.TempDir()
	p := shell(t, dir, `echo "$0 on port"; echo sorry >&2; exit 4`, 0, 0)
	for range 2 {
		n := start(t, p, "n01")
		dies(t, n)
		want := "exit status 4; its last words: n01 on port\nsorry"
		if err := n.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	for _, name := range []string{"n01.log", "n01.log.old"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != "n01 on port\nsorry\n" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestAdopt(t *testing.T) {
	dir := t.TempDir()
	n := start(t, shell(t, dir, "exec sleep 1000", 0, 0), "n01")
	p := shell(t, dir, "exit 1", 0, 0)
	adopted, err := p.Adopt("n01", n.Handle())
	if err != nil {
		t.Fatal(err)
	}
	if adopted.Port() != n.Port() || string(adopted.Handle()) != string(n.Handle()) {
		t.Errorf("adopted %s on port %d, want %s on %d", adopted.Handle(), adopted.Port(), n.Handle(), n.Port())
	}
	n.Kill()
	dies(t, adopted)
	if _, err := p.Adopt("n01", n.Handle()); !errors.Is(err, process.ErrNotRunning) {
		t.Errorf("adopt a dead node: %v", err)
	}
	if _, err := p.Adopt("n01", []byte("x")); err == nil {
		t.Error("adopt nonsense: no error")
	}
}

// Sweep ends what was started here but is in no record, with its descendants,
// and nothing else.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	const family = "sleep 1000 & exec sleep 1000"
	earlier := shell(t, dir, family, 0, 0)
	known, stray := start(t, earlier, "n01"), start(t, earlier, "n02")
	other := start(t, shell(t, t.TempDir(), family, 0, 0), "n02")

	p := shell(t, dir, family, 0, 0)
	adopted, err := p.Adopt("n01", known.Handle())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Sweep(); err != nil {
		t.Fatal(err)
	}
	dies(t, stray)
	for _, n := range []provider.Node{known, adopted, other} {
		select {
		case <-n.Done():
			t.Errorf("node on port %d was swept away: %v", n.Port(), n.Err())
		default:
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, r := range [][2]int{{0, 5}, {5, 4}, {1, 65536}, {-1, 3}} {
		if _, err := local.New(local.Config{Dir: t.TempDir(), FirstPort: r[0], LastPort: r[1]}); err == nil {
			t.Errorf("ports %v: no error", r)
		}
	}
}
