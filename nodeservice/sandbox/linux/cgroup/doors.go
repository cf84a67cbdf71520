package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
)

// Doors are the files by which a process gets into the group: with v2 the folder, for
// clone, with v1 one in each hierarchy, to which a thread writes "0". The caller closes them.
func (g *Group) Doors() ([]*os.File, error) {
	if g.host.v2 {
		folder, err := os.Open(g.dir(""))
		return []*os.File{folder}, err
	}
	return doors(g.paths)
}

// Files are those to which a process writes "0" to get into the group: who has them needs no
// right to do so, nor clone. The caller closes them.
func (g *Group) Files() ([]*os.File, error) {
	if !g.host.v2 {
		return doors(g.paths)
	}
	file, err := os.OpenFile(filepath.Join(g.dir(""), procs), os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("open cgroup: %w", err)
	}
	return []*os.File{file}, nil
}

// Homes are, with v1, the files by which a thread gets back to where this process was
// when the Host was opened. The caller closes them.
func (h *Host) Homes() ([]*os.File, error) { return doors(h.v1) }

func doors(folders map[string]string) ([]*os.File, error) {
	var doors []*os.File
	for name, dir := range folders {
		door, err := os.OpenFile(filepath.Join(dir, "tasks"), os.O_WRONLY, 0)
		if err != nil {
			for _, opened := range doors {
				opened.Close()
			}
			return nil, fmt.Errorf("open %s cgroup: %w", name, err)
		}
		doors = append(doors, door)
	}
	return doors, nil
}
