package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/minifaas/minifaas/internal/rpc"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// service is the process of a supervised service; 0 while it waits for its next start.
func (p *platform) service(name string) int {
	for _, status := range p.supervisor.Services() {
		if status.Name == name {
			return status.PID
		}
	}
	return 0
}

// nodeProcess is the process of a node, as its command line tells it.
type nodeProcess struct {
	pid        int
	name, port string
}

// nodeProcesses lists the nodes that keep their state in a folder.
func nodeProcesses(stateDir string) []nodeProcess {
	var found []nodeProcess
	commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range commands {
		text, _ := os.ReadFile(file)
		words := strings.Split(string(text), "\x00")
		if !slices.Contains(words, "nodeservice") || !slices.Contains(words, "--state-dir="+stateDir) {
			continue
		}
		n := nodeProcess{}
		n.pid, _ = strconv.Atoi(filepath.Base(filepath.Dir(file)))
		for _, w := range words {
			if name, ok := strings.CutPrefix(w, "--name="); ok {
				n.name = name
			} else if port, ok := strings.CutPrefix(w, "--port="); ok {
				n.port = port
			}
		}
		found = append(found, n)
	}
	return found
}

// stats asks the node for its statistics.
func (n nodeProcess) stats(ctx context.Context) (*nodeservicepb.GetStatsReply, error) {
	conn, err := rpc.Dial("127.0.0.1:" + n.port)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return nodeservicepb.NewNodeServiceClient(conn).GetStats(ctx, &nodeservicepb.GetStatsRequest{})
}

func nodePIDs(stateDir string) []int {
	var pids []int
	for _, n := range nodeProcesses(stateDir) {
		pids = append(pids, n.pid)
	}
	return pids
}

// client dials the node.
func (n nodeProcess) client(t *testing.T) nodeservicepb.NodeServiceClient {
	t.Helper()
	conn, err := rpc.Dial("127.0.0.1:" + n.port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return nodeservicepb.NewNodeServiceClient(conn)
}

// helpers lists the processes by way of which the platform's nodes start all others.
func helpers(stateDir string) []int { return below(nodePIDs(stateDir)) }

// agents lists the first processes of all sandboxes, where the nodes have no pool.
func agents(stateDir string) []int { return below(helpers(stateDir)) }

// workers lists the processes of the functions' own.
func workers(stateDir string) []int { return below(agents(stateDir)) }

func below(parents []int) []int {
	var found []int
	for _, pid := range parents {
		found = append(found, childrenOf(pid)...)
	}
	return found
}

// childrenOf lists the processes that one has started, whichever thread of it did.
func childrenOf(pid int) []int {
	var found []int
	threads, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children")
	for _, file := range threads {
		text, _ := os.ReadFile(file)
		for word := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				found = append(found, child)
			}
		}
	}
	return found
}

// kill ends a process that the platform has started, without a warning.
func kill(t *testing.T, pid int) {
	t.Helper()
	if pid <= 1 {
		t.Fatalf("no such process: %d", pid)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatalf("kill process %d: %v", pid, err)
	}
}
