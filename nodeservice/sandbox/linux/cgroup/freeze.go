package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// freezer is the hierarchy that freezes with v1. It limits nothing, so that a host
// may do without.
const freezer = "freezer"

// Freezes reports whether the group can be frozen.
func (g *Group) Freezes() bool {
	dir := g.dir(freezer)
	if dir == "" {
		return false
	}
	name, _, _ := g.host.freezerFile()
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// Freeze stops the group's processes where they are, until Thaw. It does not wait for
// the last of them to stop, and may be repeated. With v1 a frozen process does
// not even die before it is thawed.
func (g *Group) Freeze() error {
	name, freeze, _ := g.host.freezerFile()
	if err := tell(g.dir(freezer), name, freeze); err != nil {
		return fmt.Errorf("freeze: %w", err)
	}
	return nil
}

// Thaw lets the group's processes go on. A group that is not frozen, or not there
// any more, is no error.
func (g *Group) Thaw() error { return g.host.thaw(g.dir(freezer)) }

func (h *Host) thaw(dir string) error {
	if dir == "" {
		return nil
	}
	name, _, thaw := h.freezerFile()
	if err := tell(dir, name, thaw); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("thaw: %w", err)
	}
	return nil
}

// thawAll thaws the group of these folders and those below: what is frozen there
// could not be killed.
func (h *Host) thawAll(dirs map[string]string) error {
	root := dirs[freezer]
	if h.v2 {
		root = dirs[""]
	}
	if root == "" {
		return nil
	}
	return filepath.WalkDir(root, func(dir string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, os.ErrNotExist):
			return nil
		case err != nil:
			return err
		case entry.IsDir():
			return h.thaw(dir)
		}
		return nil
	})
}

// freezerFile is the file that freezes a group, and what to write to it.
func (h *Host) freezerFile() (name, freeze, thaw string) {
	if h.v2 {
		return "cgroup.freeze", "1", "0"
	}
	return "freezer.state", "FROZEN", "THAWED"
}

// tell writes to a file that is there.
func tell(dir, name, what string) error {
	file, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(what)
	return errors.Join(err, file.Close())
}

// Frozen reports whether all processes of the group have stopped.
func (g *Group) Frozen() (bool, error) {
	dir := g.dir(freezer)
	if g.host.v2 {
		events, err := table(dir, "cgroup.events")
		return events["frozen"] == 1, err
	}
	state, err := os.ReadFile(filepath.Join(dir, "freezer.state"))
	if err != nil {
		return false, fmt.Errorf("read freezer: %w", err)
	}
	return strings.TrimSpace(string(state)) == "FROZEN", nil
}
