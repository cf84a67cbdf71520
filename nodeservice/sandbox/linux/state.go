package linux

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// stateDir is the node's folder, held for as long as the node lives:
//
//	lock          held by the node; the kernel lets go of it when the node dies
//	code/         copies of functions' code, read-only to containers
//	modules/      compiled forms of WebAssembly modules, by what the modules are, read-only to containers
//	containers/   where all containers mount their roots, each in a namespace of its own; or, without
//	              namespaces, a folder for each
//	bin/          the agents, where its own place is closed to other users
type stateDir struct {
	path string
	lock *lock
}

func (s *stateDir) code() string               { return filepath.Join(s.path, "code") }
func (s *stateDir) modules() string            { return filepath.Join(s.path, "modules") }
func (s *stateDir) containers() string         { return filepath.Join(s.path, "containers") }
func (s *stateDir) container(id string) string { return filepath.Join(s.containers(), id) }

// contents are the folders in a state folder.
func contents(path string) (folders []string) {
	for _, name := range []string{"code", "modules", "containers", "bin"} {
		folders = append(folders, filepath.Join(path, name))
	}
	return folders
}

// takeState makes the folder and locks it. shared: users other than ours must be able to enter it.
func takeState(path, nodePath string, shared bool) (*stateDir, error) {
	made, err := makeState(path)
	if err != nil {
		return nil, fmt.Errorf("make state folder: %w", err)
	}
	if shared {
		err = reachable(path, 0o001)
		if err != nil {
			err = fmt.Errorf("state folder %s: %w; containers run as users of their own: choose another folder, or chmod o+x", path, err)
		}
	}
	var held *lock
	if err == nil {
		held, err = takeLock(path, nodePath)
	}
	if err != nil && made {
		_ = os.Remove(path)
	}
	if err != nil {
		return nil, err
	}
	return &stateDir{path: path, lock: held}, nil
}

func makeState(path string) (made bool, err error) {
	if _, err := os.Stat(path); err == nil {
		return false, nil
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return false, err
	}
	return true, os.Chmod(path, 0o755) // whatever the umask took
}

// fill makes the folders, which must not exist.
func (s *stateDir) fill() error {
	for _, folder := range append(contents(s.path), filepath.Join(s.code(), emptyCode)) {
		if err := os.Mkdir(folder, 0o755); err != nil {
			return fmt.Errorf("make state folder: %w", err)
		}
		if err := os.Chmod(folder, 0o755); err != nil { // whatever the umask took
			return fmt.Errorf("make state folder: %w", err)
		}
	}
	return nil
}

// agent is a path by which every user can run the agent: its own, or that of a copy of that name. Where we are
// root nobody else can read it. What runs such a program belongs, in the kernel's eyes, to
// the initial user namespace, and who has rights over that of a sandbox only gets at no agent.
func (s *stateDir) agent(path, name string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("find agent: %w; build it, with CGO_ENABLED=0, from ./cmd/containerservice or containerservice-full", err)
	}
	if info.IsDir() || info.Mode().Perm()&0o111 == 0 {
		return "", fmt.Errorf("find agent: %s is not executable", path)
	}
	asRoot := os.Geteuid() == 0
	if reachable(path, 0o001) == nil && (!asRoot || info.Mode().Perm()&0o044 == 0) {
		return path, nil
	}
	in, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("copy agent: %w", err)
	}
	defer in.Close()
	copied := filepath.Join(s.path, "bin", name)
	out, err := os.OpenFile(copied, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o711)
	if err != nil {
		return "", fmt.Errorf("copy agent: %w", err)
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Chmod(0o711), out.Close()); err != nil {
		return "", fmt.Errorf("copy agent: %w", err)
	}
	return copied, nil
}

// release removes what is ours, and the folder if it is empty then.
func (s *stateDir) release() error {
	var faults []error
	for _, folder := range contents(s.path) {
		faults = append(faults, os.RemoveAll(folder))
	}
	faults = append(faults, s.lock.release())
	_ = os.Remove(s.path)
	return errors.Join(faults...)
}
