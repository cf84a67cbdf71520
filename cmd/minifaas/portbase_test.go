package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// takeTestPorts takes a port base for as long as the test runs.
func takeTestPorts(t *testing.T) int {
	t.Helper()
	ports, err := takePortBase()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ports.release)
	return ports.base
}

// TestPortBaseIsTaken: one that is taken is nobody else's until it is released.
func TestPortBaseIsTaken(t *testing.T) {
	seen := map[int]bool{}
	var last *portBase
	for {
		taken, err := takePortBase()
		if err != nil {
			break
		}
		t.Cleanup(taken.release)
		if seen[taken.base] || taken.base < 20000 || taken.base+metricsPort >= 32768 {
			t.Fatalf("base %d; before: %v", taken.base, seen)
		}
		seen[taken.base], last = true, taken
	}
	if last == nil {
		t.Skip("all bases are taken on this machine")
	}
	if _, err := lockPortBase(last.base); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("a base that is taken: %v", err)
	}
	last.release()
	again, err := lockPortBase(last.base)
	if err != nil {
		t.Fatal(err)
	}
	again.release()
}

// TestPortBaseWithoutLock: who locks nothing may listen there all the same.
func TestPortBaseWithoutLock(t *testing.T) {
	base := takeTestPorts(t)
	lis, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(base+schedulerPort)))
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	if portsFree(base) {
		t.Error("a port is taken, and the base free")
	}
}

// TestStrangerAtTheSchedulersPort: it would be played to in the place of the command's.
func TestStrangerAtTheSchedulersPort(t *testing.T) {
	p := &platform{cfg: platformConfig{address: "127.0.0.1", portBase: takeTestPorts(t)}}
	lis, err := net.Listen("tcp", p.endpoint(schedulerPort))
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	_, err = contestant{name: "x", command: "true"}.start(p, filepath.Join(t.TempDir(), "log"))
	if !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("got %v", err)
	}
}

// TestStageKeepsItsPorts: its platforms come one after the other, all on one base as long as it is free.
func TestStageKeepsItsPorts(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s, err := newStage(&logFlags{LogLevel: "info", LogFormat: "text"}, "")
	if err != nil {
		t.Fatal(err)
	}
	first, err := s.portBase()
	if err != nil {
		t.Fatal(err)
	}
	if second, err := s.portBase(); err != nil || second != first {
		t.Errorf("then %d, %v, want %d", second, err, first)
	}
	if _, err := lockPortBase(first); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("the stage's base: %v", err)
	}
	lis, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(first+schedulerPort)))
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	other, err := s.portBase()
	if err != nil || other == first {
		t.Errorf("where something still listens: %d, %v", other, err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	after, err := lockPortBase(other)
	if err != nil {
		t.Fatal(err)
	}
	after.release()
	if _, err := os.Stat(s.folder); !os.IsNotExist(err) {
		t.Errorf("the folder is left: %v", err)
	}
}
