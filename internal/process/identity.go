package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// Identity names a process for as long as the machine runs: pids are used
// again, but not with the same start time.
type Identity struct {
	PID int `json:"pid"`
	// Start is in clock ticks since the machine's boot.
	Start uint64 `json:"start"`
}

// stat is the part of /proc/<pid>/stat that matters here.
type stat struct {
	state  byte // R, S, D, T, Z, X...
	parent int
	start  uint64
}

// Identify returns the identity of the process that has pid now.
func Identify(pid int) (Identity, error) {
	st, err := readStat(pid)
	if err != nil {
		return Identity{}, fmt.Errorf("identify process %d: %w", pid, err)
	}
	return Identity{PID: pid, Start: st.start}, nil
}

// Alive reports whether the process still runs; one that is dead and only
// waits for its parent to notice does not.
func (id Identity) Alive() bool {
	st, err := readStat(id.PID)
	return err == nil && st.start == id.Start && st.state != 'Z' && st.state != 'X'
}

func readStat(pid int) (stat, error) {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, err
	}
	return parseStat(raw)
}

// parseStat splits behind the last parenthesis: the command's name, which
// comes before it, may hold spaces and parentheses itself.
func parseStat(raw []byte) (stat, error) {
	const state, parent, start = 0, 1, 19 // fields behind the name
	fields := bytes.Fields(raw[bytes.LastIndexByte(raw, ')')+1:])
	if len(fields) <= start {
		return stat{}, fmt.Errorf("parse stat: %d fields", len(fields))
	}
	ppid, err := strconv.Atoi(string(fields[parent]))
	if err != nil {
		return stat{}, fmt.Errorf("parse stat: %w", err)
	}
	ticks, err := strconv.ParseUint(string(fields[start]), 10, 64)
	if err != nil {
		return stat{}, fmt.Errorf("parse stat: %w", err)
	}
	return stat{state: fields[state][0], parent: ppid, start: ticks}, nil
}
