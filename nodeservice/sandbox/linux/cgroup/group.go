package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/manager"
)

// period over which CPU quotas count, in microseconds: the kernel's default.
const period = 100_000

// minQuota is the kernel's smallest quota, in microseconds a period.
const minQuota = 1_000

// Limits of a group; 0 leaves a limit as it is. A limit whose controller is missing is left out.
type Limits struct {
	// Memory in bytes, with none of it in swap.
	Memory int64
	// CPU in cores; less than 0.01 counts as 0.01.
	CPU float64
	// Pids is how many processes and threads may live.
	Pids int64
}

// Group is one control group. It is safe for concurrent use, but for Remove.
type Group struct {
	host    *Host
	manager cgroups.Manager
	paths   map[string]string
}

// Create makes the group and, where they are missing, those above it. A group that is there already is used.
func (h *Host) Create(path string, limits Limits) (*Group, error) {
	paths := h.paths(path)
	m, err := manager.NewWithPaths(h.config(path), paths)
	if err != nil {
		return nil, fmt.Errorf("create cgroup %s: %w", path, err)
	}
	g := &Group{host: h, manager: m, paths: paths}
	err = m.Apply(-1) // creates, and moves nobody
	if errors.Is(err, os.ErrNotExist) {
		// Another node has just removed the parent as empty.
		err = m.Apply(-1)
	}
	if err == nil {
		err = g.Set(limits)
	}
	if err != nil {
		_ = g.Remove()
		return nil, fmt.Errorf("create cgroup %s: %w", path, err)
	}
	return g, nil
}

// Set changes limits.
func (g *Group) Set(l Limits) error {
	r := &cgroups.Resources{SkipDevices: true}
	if l.Memory > 0 && g.host.Limited("memory") {
		r.Memory = l.Memory
		if g.limitsSwap() {
			r.MemorySwap = l.Memory
		}
		if g.host.v2 {
			r.Unified = map[string]string{"memory.oom.group": "1"}
		}
	}
	if l.CPU > 0 && g.host.Limited("cpu") {
		r.CpuPeriod = period
		r.CpuQuota = max(int64(l.CPU*period), minQuota)
	}
	if l.Pids > 0 && g.host.Limited("pids") {
		r.PidsLimit = &l.Pids
	}
	if err := g.manager.Set(r); err != nil {
		return fmt.Errorf("set limits: %w", err)
	}
	if l.Memory > 0 {
		g.countSockets(l.Memory)
	}
	return nil
}

// countSockets limits what TCP's buffers hold: v1 counts it apart, and only where it has a limit.
func (g *Group) countSockets(bytes int64) {
	if !g.host.v2 && g.host.Limited("memory") {
		file := filepath.Join(g.dir("memory"), "memory.kmem.tcp.limit_in_bytes")
		_ = os.WriteFile(file, strconv.AppendInt(nil, bytes, 10), 0) // a kernel may be without
	}
}

// limitsSwap: v1 kernels without swap accounting have no such file.
func (g *Group) limitsSwap() bool {
	return g.host.v2 || cgroups.PathExists(filepath.Join(g.dir("memory"), "memory.memsw.limit_in_bytes"))
}

// OOMKills is how many processes the kernel has killed here for want of memory.
func (g *Group) OOMKills() (uint64, error) {
	if !g.host.Limited("memory") {
		return 0, nil
	}
	n, err := g.manager.OOMKillCount()
	if err != nil {
		return 0, fmt.Errorf("count kills: %w", err)
	}
	return n, nil
}

// dir is the group's folder in the controller's hierarchy.
func (g *Group) dir(controller string) string {
	if g.host.v2 {
		return g.paths[""]
	}
	return g.paths[controller]
}
