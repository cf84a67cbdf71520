package cgroup

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/minifaas/minifaas/internal/nonblocking"
)

// Usage is what a group, with those below it, uses.
type Usage struct {
	// Memory now, in bytes, without file pages that the kernel would drop first.
	Memory int64
	// CPU used since the group was made, and time for which the quota held it back.
	CPU, Throttled time.Duration
}

// Usage reads the counters: 3 small files with v2, 4 with v1.
func (g *Group) Usage() (Usage, error) {
	if g.host.v2 {
		return g.usageV2()
	}
	return g.usageV1()
}

// CPUMeter reads the CPU used since the group was made, from a file that it
// keeps open: that takes a microsecond or two. A nil meter reads 0. It is safe for
// concurrent use.
type CPUMeter struct {
	file *os.File
	v2   bool
}

// CPUMeter opens one; nil where nothing counts the group's CPU.
func (g *Group) CPUMeter() *CPUMeter {
	path := filepath.Join(g.paths["cpuacct"], "cpuacct.usage")
	if g.host.v2 {
		path = filepath.Join(g.paths[""], "cpu.stat")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	return &CPUMeter{file, g.host.v2}
}

// Read returns 0 when the group is gone.
func (m *CPUMeter) Read() time.Duration {
	if m == nil {
		return 0
	}
	var buf [64]byte
	if !m.v2 {
		return time.Duration(digits(nonblocking.ReadFile(m.file, buf[:])))
	}
	// The Go runtime is told: the kernel may first add up what all groups have used. The first
	// line, of more than these, is "usage_usec N".
	n, _ := m.file.ReadAt(buf[:], 0)
	return time.Duration(digits(bytes.TrimPrefix(buf[:n], []byte("usage_usec ")))) * time.Microsecond
}

// digits is the number that a text begins with.
func digits(text []byte) (n int64) {
	for _, digit := range text {
		if digit < '0' || digit > '9' {
			break
		}
		n = n*10 + int64(digit-'0')
	}
	return n
}

// Close lets go of the file.
func (m *CPUMeter) Close() error {
	if m == nil {
		return nil
	}
	return m.file.Close()
}

func (g *Group) usageV2() (Usage, error) {
	cpu, err := table(g.paths[""], "cpu.stat")
	if err != nil {
		return Usage{}, err
	}
	u := Usage{
		CPU:       time.Duration(cpu["usage_usec"]) * time.Microsecond,
		Throttled: time.Duration(cpu["throttled_usec"]) * time.Microsecond,
	}
	if !g.host.Limited("memory") {
		return u, nil
	}
	u.Memory, err = workingSet(g.paths[""], "memory.current", "inactive_file")
	return u, err
}

func (g *Group) usageV1() (u Usage, err error) {
	if dir := g.paths["cpuacct"]; dir != "" {
		nanos, err := number(dir, "cpuacct.usage")
		if err != nil {
			return Usage{}, err
		}
		u.CPU = time.Duration(nanos)
	}
	if dir := g.paths["cpu"]; dir != "" {
		cpu, err := table(dir, "cpu.stat")
		if err != nil {
			return Usage{}, err
		}
		u.Throttled = time.Duration(cpu["throttled_time"])
	}
	if dir := g.paths["memory"]; dir != "" {
		u.Memory, err = workingSet(dir, "memory.usage_in_bytes", "total_inactive_file")
	}
	return u, err
}

// Held is what the group holds besides files' pages, in bytes: when no process is left in it,
// what others keep alive. With v2 the names of files, which the kernel keeps as well, are not counted.
func (g *Group) Held() (held int64, err error) {
	dir, usage, not := g.paths["memory"], "memory.usage_in_bytes", [3]string{"total_cache", "total_shmem"}
	if g.host.v2 {
		dir, usage, not = g.paths[""], "memory.current", [3]string{"file", "shmem", "slab_reclaimable"}
	}
	stat, err := table(dir, "memory.stat")
	if err != nil {
		return 0, err
	}
	if held, err = number(dir, usage); err != nil {
		return 0, err
	}
	held -= stat[not[0]] - stat[not[1]] + stat[not[2]]
	if !g.host.v2 {
		sockets, err := number(dir, "memory.kmem.tcp.usage_in_bytes")
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return 0, err
		}
		held += sockets
	}
	return held, nil
}

// Reclaim gives back what nobody holds on to, as far as the kernel can, of so many bytes.
func (g *Group) Reclaim(bytes int64) {
	file, text := filepath.Join(g.paths["memory"], "memory.force_empty"), "0"
	if g.host.v2 {
		file, text = filepath.Join(g.paths[""], "memory.reclaim"), strconv.FormatInt(bytes, 10)
	}
	_ = os.WriteFile(file, []byte(text), 0) // best effort
}

func workingSet(dir, usage, inactive string) (int64, error) {
	bytes, err := number(dir, usage)
	if err != nil {
		return 0, err
	}
	stat, err := table(dir, "memory.stat")
	if err != nil {
		return 0, err
	}
	return max(bytes-stat[inactive], 0), nil
}

func number(dir, file string) (int64, error) {
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return 0, fmt.Errorf("read usage: %w", err)
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read usage: %s: %w", file, err)
	}
	return n, nil
}

// table reads a file of lines "name number".
func table(dir, file string) (map[string]int64, error) {
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return nil, fmt.Errorf("read usage: %w", err)
	}
	values := map[string]int64{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		name, value, _ := bytes.Cut(lines.Bytes(), []byte(" "))
		if n, err := strconv.ParseInt(string(value), 10, 64); err == nil {
			values[string(name)] = n
		}
	}
	return values, nil
}
