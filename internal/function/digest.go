package function

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// digest makes a function's version from all that it is: its declaration and
// every file of its code. Code that is not there is a version of its own: the
// function then fails when it is loaded, where its author sees it.
func digest(f Function) (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %q %d %d %d %q\n", f.Runtime, f.Handler, f.Memory, f.Timeout, f.Concurrency, f.Environment)
	if len(f.Preload) > 0 {
		fmt.Fprintf(sum, "%q\n", f.Preload)
	}
	if f.Snapshot {
		fmt.Fprintln(sum, "snapshot")
	}
	if f.Egress {
		fmt.Fprintln(sum, "egress")
	}
	if f.Runtime == Simulated {
		fmt.Fprintln(sum, f.Resident)
		return version(sum), nil
	}
	// The folder itself may be a link, as where versions are deployed by moving one.
	code, err := filepath.EvalSymlinks(f.Code)
	if errors.Is(err, fs.ErrNotExist) {
		return version(sum), nil
	}
	if err != nil {
		return "", fmt.Errorf("read code: %w", err)
	}
	err = filepath.WalkDir(code, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(code, path)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%q %v %d\n", rel, info.Mode(), info.Size())
		if info.Mode()&fs.ModeSymlink != 0 {
			link, err := os.Readlink(path)
			fmt.Fprintf(sum, "%q\n", link)
			return err
		}
		if !info.Mode().IsRegular() {
			return nil
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = io.Copy(sum, file)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read code: %w", err)
	}
	return version(sum), nil
}

func version(sum hash.Hash) string { return hex.EncodeToString(sum.Sum(nil))[:12] }
