package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
)

// Doors are the files by which another process gets into the group by itself, as
// Enter and Folder are for ours: with v2 the folder, for clone, with v1 one in each
// hierarchy, to which its only thread writes "0". The caller closes them.
func (g *Group) Doors() ([]*os.File, error) {
	if g.host.v2 {
		folder, err := g.Folder()
		return []*os.File{folder}, err
	}
	var doors []*os.File
	for name, dir := range g.paths {
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
