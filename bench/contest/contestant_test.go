package contest

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
)

// shell is a contestant that the line starts.
func shell(t *testing.T, line string) *contestant {
	t.Helper()
	c := newContestant(&Command{Argv: []string{"/bin/sh", "-c", line}, Line: line, Env: []string{"GREETING=hello"}, Log: filepath.Join(t.TempDir(), "log")})
	if err := c.start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestMeter: what the children of the command use counts, and the command is told to
// end with all of its group.
func TestMeter(t *testing.T) {
	file := filepath.Join(t.TempDir(), "term")
	c := shell(t, "trap 'touch "+file+"; exit' TERM; (i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo worked; sleep 1000) & wait")
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(c.tail(), "worked"); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the command does not work")
		}
	}
	used := c.stop()
	if used.CPUSeconds < 0.02 || used.PeakRSSMB < 0.5 || used.Exit != "" {
		t.Errorf("%+v", used)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error("it was not told to end")
	}
}

func TestCommandThatEnds(t *testing.T) {
	c := shell(t, "echo $GREETING; exit 3")
	err := c.awaitAnswer(t.Context(), "127.0.0.1:1", "x", io.Discard)
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "hello") {
		t.Errorf("got %v", err)
	}
	if used := c.stop(); used.Exit != "exit status 3" {
		t.Errorf("%+v", used)
	}
}

// TestAnswer: any gRPC server answers, and one elsewhere is awaited until it is there.
func TestAnswer(t *testing.T) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := newContestant(nil)
	if err := c.start(); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() { answered <- c.awaitAnswer(t.Context(), lis.Addr().String(), "x", io.Discard) }()
	server := grpc.NewServer()
	go server.Serve(lis)
	defer server.Stop()
	select {
	case err := <-answered:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it was not noticed")
	}
	if used := c.stop(); used != nil {
		t.Errorf("%+v of a process that is not ours", used)
	}
}

func TestParseUsage(t *testing.T) {
	stat := "42 (a) b (c)) S 1 7 7 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 4 0 1234 1000000 256 18446744073709551615"
	u, ok := parseUsage([]byte(stat))
	if want := (usage{group: 7, cpu: 2 * time.Second, start: "1234", memory: 256 * int64(os.Getpagesize())}); !ok || u != want {
		t.Errorf("%+v, want %+v", u, want)
	}
	if _, ok := parseUsage([]byte("42 (short) S")); ok {
		t.Error("a torn line is one")
	}
}
