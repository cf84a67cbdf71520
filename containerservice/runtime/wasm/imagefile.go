package wasm

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Files of an image in a folder: the content, and where it belongs.
const (
	imageContent = "memory"
	imageParts   = "memory.json"
)

// save writes it into a folder; nothing for a nil one.
func (m *image) save(folder string) error {
	if m == nil {
		return nil
	}
	parts, err := json.Marshal(m.parts)
	if err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(folder, imageContent))
	if err != nil {
		return err
	}
	return errors.Join(m.copy(file), file.Close(), os.WriteFile(filepath.Join(folder, imageParts), parts, 0o600))
}

// openImage is nil where none is saved. It has been made by a module's own compiler, which the
// module may have got the better of: what it says is checked.
func openImage(folder string) (*image, error) {
	text, err := os.ReadFile(filepath.Join(folder, imageParts))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m := &image{}
	if err := json.Unmarshal(text, &m.parts); err != nil {
		return nil, fmt.Errorf("read %s: %w", imageParts, err)
	}
	if m.file, err = os.Open(filepath.Join(folder, imageContent)); err != nil {
		return nil, err
	}
	info, err := m.file.Stat()
	if err == nil && (!m.within(mostLimit) || uint64(info.Size()) != m.held()) {
		err = fmt.Errorf("%s and %s do not belong together", imageContent, imageParts)
	}
	if err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}
