// Package cgroup makes the control groups of a node and its containers, on
// hosts with cgroup v1, v2 or both. Everything that the host's version changes ends here.
//
// Groups are named by their path below the hierarchy's base: "minifaas/n1/c7".
// Nothing outside of the paths given is ever changed, but for one thing: on v2
// a group that has processes cannot hand controllers to its children, so that,
// when the base has some (as in a container, or a delegated scope), they are
// moved into a leaf of it named "minifaas-init".
package cgroup

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/opencontainers/cgroups"
	"github.com/opencontainers/cgroups/manager"
)

// ErrUnavailable: this host has no cgroups in which we may make groups.
var ErrUnavailable = errors.New("no writable cgroup")

// controllers are those that a container needs.
var controllers = []string{"cpu", "memory", "pids"}

// Host is the cgroup hierarchy (or, with v1, hierarchies) of this machine. It is
// safe for concurrent use.
type Host struct {
	v2 bool
	// base is put before every path: "/", or with v2 the group that was delegated to us.
	base string
	// v1 names the hierarchies in use and where this process is in each.
	v1 map[string]string
	// roots are the folders of base, by hierarchy: by controller with v1, one under "" with v2.
	roots map[string]string
	// missing are controllers that the host does not give.
	missing []string
}

// Open finds the host's hierarchies and prepares them, so that groups can be made in parent.
func Open(parent string) (*Host, error) {
	h := &Host{v2: cgroups.IsCgroup2UnifiedMode(), base: "/"}
	var err error
	if h.v2 {
		err = h.openV2()
	} else {
		err = h.openV1()
	}
	if err == nil {
		err = h.findRoots()
	}
	if err != nil {
		return nil, fmt.Errorf("open cgroups: %w", err)
	}
	if err := h.probe(parent); err != nil {
		return nil, fmt.Errorf("open cgroups: %w: %w", ErrUnavailable, err)
	}
	return h, nil
}

// Missing are the controllers, of cpu, memory and pids, whose limits cannot be set here.
func (h *Host) Missing() []string { return h.missing }

// Limited reports whether limits of the controller can be set.
func (h *Host) Limited(controller string) bool { return !slices.Contains(h.missing, controller) }

// probe makes and removes a group, as the only sure way to know that we may.
func (h *Host) probe(parent string) error {
	path := filepath.Join(parent, fmt.Sprintf("probe-%d", os.Getpid()))
	group, err := h.Create(path, Limits{})
	if err != nil {
		return err
	}
	if h.v2 {
		have, err := words(filepath.Join(group.dir(""), "cgroup.controllers"))
		if err != nil {
			return err
		}
		for _, c := range controllers {
			if !slices.Contains(have, c) {
				h.missing = append(h.missing, c)
			}
		}
	}
	return group.Remove()
}

// findRoots asks once for what would take some 20 system calls for each group.
func (h *Host) findRoots() error {
	m, err := manager.New(h.config(""))
	if err != nil {
		return err
	}
	h.roots = m.GetPaths()
	if !h.v2 {
		maps.DeleteFunc(h.roots, func(name, _ string) bool { return h.v1[name] == "" })
	}
	return nil
}

// paths are the folders of the group, by hierarchy.
func (h *Host) paths(path string) map[string]string {
	paths := make(map[string]string, len(h.roots))
	for name, root := range h.roots {
		paths[name] = filepath.Join(root, path)
	}
	return paths
}

func (h *Host) config(path string) *cgroups.Cgroup {
	return &cgroups.Cgroup{Path: filepath.Join("/", h.base, path), Resources: &cgroups.Resources{SkipDevices: true}}
}

func words(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	return strings.Fields(string(text)), err
}
