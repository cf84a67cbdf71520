package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
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

// nodeProcesses lists the processes of the nodes that keep their state in a folder.
func nodeProcesses(stateDir string) []int {
	var found []int
	commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range commands {
		command, _ := os.ReadFile(file)
		if bytes.Contains(command, []byte("\x00nodeservice\x00")) && bytes.Contains(command, []byte("="+stateDir+"\x00")) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			found = append(found, pid)
		}
	}
	return found
}

// agents lists the first processes of all sandboxes of the platform's nodes.
func agents(stateDir string) []int {
	var found []int
	for _, node := range nodeProcesses(stateDir) {
		found = append(found, childrenOf(node)...)
	}
	return found
}

// workers lists the processes of the functions' own.
func workers(stateDir string) []int {
	var found []int
	for _, agent := range agents(stateDir) {
		found = append(found, childrenOf(agent)...)
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
