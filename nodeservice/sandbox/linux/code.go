package linux

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sync/singleflight"

	"github.com/minifaas/minifaas/internal/function"
)

// codeStore holds one read-only copy of each function version's code, open to
// every user: the original may be in somebody's home, and may change.
type codeStore struct {
	dir    string
	copies singleflight.Group
	// copying are those under way: the runtime closes after them.
	copying sync.WaitGroup
}

// get returns the folder of the function's code. A fault is the function's, not
// the platform's: the folder is then an empty one.
func (s *codeStore) get(ctx context.Context, f function.Function) (folder string, fault, err error) {
	sum := sha256.Sum256([]byte(f.Name.String()))
	dir := filepath.Join(s.dir, hex.EncodeToString(sum[:8])+"-"+plain(f.Name.Version))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil, nil
	}
	done := make(chan singleflight.Result, 1)
	s.copying.Go(func() { // also when nobody waits for it any more
		v, err, _ := s.copies.Do(dir, func() (any, error) { return s.copy(f.Code, dir) })
		done <- singleflight.Result{Val: v, Err: err}
	})
	select {
	case <-ctx.Done():
		return "", nil, context.Cause(ctx)
	case result := <-done:
		if result.Err != nil {
			return "", nil, fmt.Errorf("copy code of %s: %w", f.Name, result.Err)
		}
		if fault, bad := result.Val.(codeError); bad {
			return filepath.Join(s.dir, emptyCode), fault, nil
		}
		return dir, nil, nil
	}
}

// emptyCode is the folder for functions that have none.
const emptyCode = "empty"

// codeError is what is wrong with a function's folder.
type codeError struct{ error }

// copy makes dir a copy of source, all or nothing.
func (s *codeStore) copy(source, dir string) (any, error) {
	if _, err := os.Stat(dir); err == nil {
		return nil, nil
	}
	if info, err := os.Stat(source); err != nil {
		return codeError{fmt.Errorf("code folder: %w", err)}, nil
	} else if !info.IsDir() {
		return codeError{fmt.Errorf("code folder: %s is not a folder", source)}, nil
	}
	temporary, err := os.MkdirTemp(s.dir, "copying-")
	if err != nil {
		return nil, err
	}
	err = copyFolder(source, temporary)
	if err == nil {
		err = os.Chmod(temporary, 0o755)
	}
	if err == nil {
		err = os.Rename(temporary, dir)
	}
	if err != nil {
		_ = os.RemoveAll(temporary)
		if fault, bad := errors.AsType[codeError](err); bad {
			return fault, nil
		}
		return nil, err
	}
	return nil, nil
}

// copyFolder copies files, folders and those symlinks that stay inside.
func copyFolder(source, target string) error {
	from, err := os.OpenRoot(source)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenRoot(target)
	if err != nil {
		return err
	}
	defer to.Close()
	return fs.WalkDir(from.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		switch mode := info.Mode(); {
		case mode.IsDir():
			if err := to.Mkdir(path, 0o700); err != nil {
				return err
			}
			return to.Chmod(path, 0o755) // whatever the umask took
		case mode.IsRegular():
			err := copyFile(from, to, path, 0o644|mode.Perm()&0o111)
			if err == nil {
				// By it Python tells whether the author's __pycache__ is of that source.
				err = to.Chtimes(path, info.ModTime(), info.ModTime())
			}
			return err
		case mode&fs.ModeSymlink != 0:
			return copyLink(from, to, path)
		default:
			return codeError{fmt.Errorf("code folder: %s is neither file, folder nor link", filepath.Join(source, path))}
		}
	})
}

func copyFile(from, to *os.Root, path string, mode fs.FileMode) error {
	if mode&0o111 != 0 {
		mode |= 0o111
	}
	in, err := from.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	if mode&0o111 != 0 {
		// A process that is started meanwhile would have the copy open until its own
		// exec, and what anybody has open for writing can't be executed.
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
	}
	out, err := to.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Chmod(mode)
	}
	return errors.Join(err, out.Close())
}

func copyLink(from, to *os.Root, path string) error {
	link, err := from.Readlink(path)
	if err != nil {
		return err
	}
	if filepath.IsAbs(link) || !filepath.IsLocal(filepath.Join(filepath.Dir(path), link)) {
		return codeError{fmt.Errorf("code folder: link %s leaves the folder, to %s", filepath.Join(from.Name(), path), link)}
	}
	return to.Symlink(link, path)
}

// plain keeps of a version what is fit for a folder's name; the hash beside it is what tells versions apart.
func plain(version string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, version)
}
