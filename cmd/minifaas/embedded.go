package main

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

// embedded holds the programs that make build has put there.
//
//go:embed embedded
var embedded embed.FS

// extract writes an embedded program into folder, under a name that changes
// with its content, and returns its path. Several processes may do so at once.
func extract(name, folder string) (string, error) {
	program, err := embedded.ReadFile("embedded/" + name)
	if err != nil {
		return "", fmt.Errorf("this minifaas was built without %s: build it with make build", name)
	}
	sum := sha256.Sum256(program)
	path := filepath.Join(folder, name+"-"+hex.EncodeToString(sum[:6]))
	if info, err := os.Stat(path); err == nil && info.Size() == int64(len(program)) && info.Mode().Perm() == 0o711 {
		return path, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	temp, err := os.CreateTemp(folder, name+".*")
	if err != nil {
		return "", err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(program)
	if closeErr := temp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Chmod(temp.Name(), 0o711) // see linux.Config.AgentPath
	}
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return "", fmt.Errorf("extract %s: %w", name, err)
	}
	return path, nil
}
