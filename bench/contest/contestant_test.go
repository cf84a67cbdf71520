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

// awaitOutput returns when the contestant has written text.
func awaitOutput(t *testing.T, c *contestant, text string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(c.tail(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the command does not say %q", text)
		}
	}
}

// TestMeter: what the children of the command use counts, and the command is told to
// end with all of its group.
func TestMeter(t *testing.T) {
	file := filepath.Join(t.TempDir(), "term")
	c := shell(t, "trap 'touch "+file+"; exit' TERM; (i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo worked; sleep 1000) & wait")
	awaitOutput(t, c, "worked")
	used := c.stop()
	if used.CPUSeconds < 0.02 || used.PeakRSSMB < 0.5 || used.Exit != "" {
		t.Errorf("%+v", used)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error("it was not told to end")
	}
}

// TestStopWaitsForAllOfTheCommand: the shell dies of the signal at once, but what it
// started may tidy up.
func TestStopWaitsForAllOfTheCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tidy")
	c := shell(t, `cd . && sh -c 'trap "sleep 0.3; echo done > `+file+`; exit 0" TERM; echo ready; while :; do sleep 0.05; done' && true`)
	awaitOutput(t, c, "ready")
	c.stop()
	if text, err := os.ReadFile(file); err != nil || string(text) != "done\n" {
		t.Errorf("it was killed before it had tidied up: %q, %v", text, err)
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

func TestSilentCommand(t *testing.T) {
	c := shell(t, "exit 3")
	err := c.awaitAnswer(t.Context(), "127.0.0.1:1", "x", io.Discard)
	c.stop()
	if err == nil || err.Error() != "exit status 3; it printed nothing" {
		t.Errorf("got %v", err)
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

// TestNobodyAnswers: an endpoint is not awaited for ever.
func TestNobodyAnswers(t *testing.T) {
	c := newContestant(nil)
	if c.patience != startPatience {
		t.Errorf("patience %v, want that with a command, %v", c.patience, startPatience)
	}
	c.patience = 20 * time.Millisecond
	err := c.awaitAnswer(t.Context(), "127.0.0.1:1", "x", io.Discard)
	if err == nil || !strings.Contains(err.Error(), "nobody answered at 127.0.0.1:1 within 20ms") {
		t.Errorf("got %v", err)
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
