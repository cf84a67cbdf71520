package play

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// store keeps the figures of cells in files, one each.
type store struct {
	dir     string
	sources Sources
	// files are hashes of the workloads that are files, by name: what else a
	// workload is made of is in the sources.
	files map[string]string
}

func newStore(dir string, sources Sources, cells []Cell) (*store, error) {
	s := &store{dir: dir, sources: sources, files: map[string]string{}}
	for _, c := range cells {
		name := c.Setting.Workload
		if _, known := s.files[name]; known {
			continue
		}
		digest, err := digestFile(name)
		if err != nil {
			return nil, fmt.Errorf("read workload: %w", err)
		}
		s.files[name] = digest
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("keep figures: %w", err)
	}
	return s, nil
}

// digestFile is empty for what is no file: the name of a built-in workload.
func digestFile(name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return "", nil // what is neither one nor the other is refused when it is opened
	}
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", err
	}
	return sum(h), nil
}

// path names the file by all that determines the figures. Where the workload's
// file lies does not.
func (s *store) path(c Cell) string {
	digest := s.files[c.Setting.Workload]
	name := c.Setting.Workload
	if digest != "" {
		c.Setting.Workload = digest
		name = filepath.Base(name)
	}
	key, err := json.Marshal(struct {
		Cell    Cell
		Sources []string
	}{c, s.sources.of(c.Entrant)})
	if err != nil {
		panic("policies: a cell has no JSON: " + err.Error())
	}
	return filepath.Join(s.dir, fmt.Sprintf("%s-%s-%d-%.16x.json", name, c.Entrant.Policy, c.Seed, sha256.Sum256(key)))
}

// read tells whether the cell has been played. A file that cannot be read
// counts as none: it is written anew.
func (s *store) read(c Cell) (Figures, bool) {
	text, err := os.ReadFile(s.path(c))
	if err != nil {
		return Figures{}, false
	}
	var f Figures
	return f, json.Unmarshal(text, &f) == nil
}

// write leaves a whole file or none.
func (s *store) write(c Cell, f Figures) error {
	text, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("keep figures of %v: %w", c, err)
	}
	path := s.path(c)
	part := path + ".part"
	if err := os.WriteFile(part, text, 0o644); err != nil {
		return fmt.Errorf("keep figures of %v: %w", c, err)
	}
	if err := os.Rename(part, path); err != nil {
		return fmt.Errorf("keep figures of %v: %w", c, err)
	}
	return nil
}
