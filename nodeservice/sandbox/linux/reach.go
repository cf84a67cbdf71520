package linux

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// reachable reports why other users cannot use path, if so. It needs their
// right to enter every folder above it and, on the path itself, the bits given.
func reachable(path string, bits fs.FileMode) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	for at, want := real, bits; ; at, want = filepath.Dir(at), 0o001 {
		info, err := os.Stat(at)
		if err != nil {
			return err
		}
		if info.Mode().Perm()&want != want {
			return fmt.Errorf("%s has mode %#o: other users have no access", at, info.Mode().Perm())
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}
