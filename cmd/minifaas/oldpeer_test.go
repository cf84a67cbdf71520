package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Behaviour 12: programs on grpc-go of 2016, which speak HTTP/2 without TLS and
// without ALPN and know none of our additions, work unchanged.

// TestOldClient calls APIServer and Scheduler from such a client.
func TestOldClient(t *testing.T) {
	program := buildOldPeer(t, "client")
	onEachKind(t, func(t *testing.T, simulated bool) { testOldClient(t, program, simulated) })
}

func testOldClient(t *testing.T, program string, simulated bool) {
	p := startTest(t, "", func(cfg *platformConfig) { cfg.sandbox.Simulated = simulated })
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	client := exec.CommandContext(ctx, program, p.endpoint(apiserverPort), p.endpoint(schedulerPort), "hello", `{"name":"2016"}`)
	client.Stderr = testOutput{t}
	output, err := client.Output()
	if err != nil {
		t.Fatalf("old client: %v", err)
	}
	var got struct {
		Body         string   `json:"body"`
		RequestID    string   `json:"request_id"`
		Functions    []string `json:"functions"`
		UnknownCode  string   `json:"unknown_code"`
		Node         string   `json:"node"`
		ContainerID  string   `json:"container_id"`
		AcquiredNext string   `json:"acquired_next"`
	}
	if err := json.Unmarshal(output, &got); err != nil {
		t.Fatalf("old client printed %q: %v", output, err)
	}
	body := "hello, 2016"
	if simulated {
		body = "{}" // as of every function: no code runs
	}
	if got.Body != body || got.RequestID == "" {
		t.Errorf("invoked hello: %q, request id %q", got.Body, got.RequestID)
	}
	if got.UnknownCode != "NotFound" {
		t.Errorf("an unknown function is %s, want NotFound", got.UnknownCode)
	}
	if !slices.Contains(got.Functions, "hello") || !slices.Contains(got.Functions, "hello-python") {
		t.Errorf("listed %q", got.Functions)
	}
	if got.ContainerID == "" || got.AcquiredNext != got.ContainerID || !strings.Contains(got.Node, ":") {
		t.Errorf("acquired %q, then %q, at %q; want one container twice", got.ContainerID, got.AcquiredNext, got.Node)
	}
}

// TestOldScheduler puts such a scheduler in the place of ours.
func TestOldScheduler(t *testing.T) {
	program := buildOldPeer(t, "scheduler")
	onEachKind(t, func(t *testing.T, simulated bool) { testOldScheduler(t, program, simulated) })
}

func testOldScheduler(t *testing.T, program string, simulated bool) {
	var scheduler *oldScheduler
	p := startTest(t, `
- {name: raises, runtime: native, handler: nothing, code: load-native}
- {name: slow, runtime: native, handler: load-native, code: load-native, timeout: 200ms}
- {name: greedy, runtime: native, handler: load-native, code: load-native, memory: 64MiB}
- {name: roomy, runtime: native, handler: load-native, code: load-native, memory: 2GiB, timeout: 20s}
`, func(cfg *platformConfig) {
		cfg.pool = poolFlags{Nodes: 2, MaxNodes: 2}
		cfg.sandbox.Simulated = simulated
		scheduler = startOldScheduler(t, program, fmt.Sprintf("127.0.0.1:%d", cfg.portBase+resourceManagerPort))
		cfg.schedulerEndpoint = scheduler.endpoint
		cfg.announce.Announce = true // which it does not know, and need not
	})
	c := newCaller(t, p)
	calls, failures := 0, 0
	invoke := func(function, event, wantError string) {
		t.Helper()
		calls++
		reply, err := c.invoke(t.Context(), function, event)
		if err != nil || reply.GetFunctionError() != wantError {
			t.Errorf("%s %s: %v, %q %s; want %q", function, event, err, reply.GetFunctionError(), reply.GetFunctionErrorMessage(), wantError)
		}
		if wantError != "" {
			failures++
		}
	}
	for range 3 {
		invoke("hello", `{"name":"2016"}`, "")
		invoke("load-native", `{"sleep_ms":1}`, "")
		if !simulated { // where no code runs, none can fail
			invoke("raises", `{}`, "FunctionError")
			invoke("hello", `no JSON`, "FunctionError")
		}
		invoke("slow", `{"sleep_ms":10000}`, "Timeout")
		if simulated || limitsHold() {
			invoke("greedy", `{"touch_mb":500}`, "OutOfMemory")
		}
	}
	// Two of 2 GiB at once need the second node.
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if reply, err := c.invoke(t.Context(), "roomy", `{"sleep_ms":1000}`); err != nil || reply.GetFunctionError() != "" {
				t.Errorf("roomy: %v %s", err, reply.GetFunctionErrorMessage())
			}
		})
	}
	both.Wait()
	calls += 2

	got := scheduler.stop(t)
	if got.Nodes != 2 || got.Polls == 0 || got.Implausible != 0 {
		t.Errorf("%d nodes, %d polls, %d of them implausible; want 2 nodes and none", got.Nodes, got.Polls, got.Implausible)
	}
	if got.Acquired != calls || got.Returned != calls || got.Failed != failures {
		t.Errorf("%d acquired, %d returned, %d failed; want %d, as many, and %d", got.Acquired, got.Returned, got.Failed, calls, failures)
	}
	if got.Created >= got.Acquired {
		t.Errorf("%d containers for %d calls: none was used again", got.Created, got.Acquired)
	}
}

// buildOldPeer builds a program of testdata/oldpeer, whose modules come through
// the Go module proxy.
func buildOldPeer(t *testing.T, name string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: programs of 2016 are not built")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	tool := func(args ...string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = filepath.Join("testdata", "oldpeer")
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly", "CGO_ENABLED=0")
		return cmd.CombinedOutput()
	}
	if output, err := tool("mod", "download"); err != nil {
		if bytes.Contains(output, []byte("checksum mismatch")) {
			t.Fatalf("modules of 2016: %s", output)
		}
		t.Skipf("modules of 2016 cannot be had from the Go module proxy: %v: %s", err, output)
	}
	program := filepath.Join(t.TempDir(), name)
	if output, err := tool("build", "-o", program, "./"+name); err != nil {
		t.Fatalf("build old %s: %v\n%s", name, err, output)
	}
	return program
}

// oldScheduler is the program of testdata/oldpeer/scheduler, running.
type oldScheduler struct {
	endpoint string
	process  *exec.Cmd
	output   *bufio.Reader
}

// oldCounts is what it prints at its end.
type oldCounts struct {
	Nodes, Polls, Implausible, Acquired, Created, Returned, Failed int
}

func startOldScheduler(t *testing.T, program, resourceManager string) *oldScheduler {
	t.Helper()
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "SERVICE_PORT=0", "RESOURCE_MANAGER_ENDPOINT="+resourceManager)
	cmd.Stderr = testOutput{t}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // unless it has stopped
		_ = cmd.Wait()
	})
	s := &oldScheduler{process: cmd, output: bufio.NewReader(stdout)}
	line, err := s.output.ReadString('\n')
	if err != nil {
		t.Fatalf("old scheduler says no address: %v", err)
	}
	s.endpoint = strings.TrimSpace(line)
	return s
}

// stop ends the scheduler, which waits for the last returns, and gives its counts.
func (s *oldScheduler) stop(t *testing.T) oldCounts {
	t.Helper()
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	text, err := io.ReadAll(s.output)
	if err != nil {
		t.Fatal(err)
	}
	var got oldCounts
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("old scheduler printed %q: %v", text, err)
	}
	return got
}
