package linux

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/minifaas/minifaas/internal/function"
)

// defaultModule is the module of a wasm function without a handler, as agents have it.
const defaultModule = "main.wasm"

// maxCompiled bounds what a compiled form takes of the disk, in bytes, whatever
// its compiler says, and maxEntries how many files and folders it has.
const (
	maxCompiled = 1 << 30
	maxEntries  = 100
)

// moduleStore holds the compiled forms of WebAssembly modules, one for each
// module, by its digest. They are machine code that agents trust, so nobody may
// write them who has run anything of a function: neither containers, which see them
// read-only, nor the node itself, which does not read modules. It is compile's
// sandbox, made for one module and removed after it. A module that gets the better of
// the compiler spoils its own digest's form, which none but itself will use.
type moduleStore struct {
	dir string
	// compile writes the archive of the compiled form of f's module, in the
	// folder code. Its error is a codeError if there is none to be had.
	compile func(digest string, f function.Function, code string, archive func(io.Reader) error) error

	digests   sync.Map // of module files in copies of code, which do not change: by path
	faulty    sync.Map // digests of modules that can't be compiled
	compiles  singleflight.Group
	compiling sync.WaitGroup
	turn      sync.Mutex // held while compiling: it takes much of a node
}

// get returns the folder of the compiled form of a wasm function's module. It
// is empty where there is none: for other functions, and where the module cannot be compiled,
// which its container finds out and says.
func (s *moduleStore) get(ctx context.Context, f function.Function, code string) (string, error) {
	if f.Runtime != function.Wasm {
		return "", nil
	}
	if f.Handler == "" {
		f.Handler = defaultModule
	}
	digest, err := s.digest(code, f.Handler)
	if err != nil {
		return "", nil // it is not there, or no file
	}
	folder := filepath.Join(s.dir, digest)
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	if _, faulty := s.faulty.Load(digest); faulty {
		return "", nil
	}
	done := make(chan error, 1)
	s.compiling.Go(func() {
		_, err, _ := s.compiles.Do(digest, func() (any, error) { return nil, s.add(digest, f, code) })
		done <- err
	})
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case err := <-done:
		if _, bad := errors.AsType[codeError](err); bad {
			return "", nil
		}
		if err != nil {
			return "", fmt.Errorf("compile module of %s: %w", f.Name, err)
		}
		return folder, nil
	}
}

func (s *moduleStore) digest(code, module string) (string, error) {
	path := filepath.Join(code, module)
	if digest, ok := s.digests.Load(path); ok {
		return digest.(string), nil
	}
	file, err := os.OpenInRoot(code, module) // which is whatever the author wrote
	if err != nil {
		return "", err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a file", path)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	digest := hex.EncodeToString(sum.Sum(nil))
	s.digests.Store(path, digest)
	return digest, nil
}

// add makes the folder, all or nothing.
func (s *moduleStore) add(digest string, f function.Function, code string) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	folder := filepath.Join(s.dir, digest)
	if _, err := os.Stat(folder); err == nil {
		return nil
	}
	temporary, err := os.MkdirTemp(s.dir, "compiling-")
	if err != nil {
		return err
	}
	err = s.compile(digest, f, code, func(archive io.Reader) error { return unpack(archive, temporary) })
	if err == nil {
		err = os.Chmod(temporary, 0o755)
	}
	if err == nil {
		err = os.Rename(temporary, folder)
	}
	if err != nil {
		_ = os.RemoveAll(temporary)
	}
	return err
}

// unpack makes an archive's folders and files, read-only to all, and nothing outside of folder.
func unpack(archive io.Reader, folder string) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	in := tar.NewReader(archive)
	// What is written counts: an archive may say in few bytes that a file is large.
	content := &io.LimitedReader{R: in, N: maxCompiled}
	for entries := 0; ; entries++ {
		entry, err := in.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("unpack compiled module: %w", err)
		}
		if entries == maxEntries {
			return fmt.Errorf("unpack compiled module: more than %d files", maxEntries)
		}
		switch entry.Typeflag {
		case tar.TypeDir:
			err = makeFolder(root, entry.Name)
		case tar.TypeReg:
			err = writeFile(root, entry.Name, content)
		default:
			err = fmt.Errorf("%s is neither file nor folder", entry.Name)
		}
		if err == nil && content.N <= 0 {
			err = fmt.Errorf("more than %d MiB", maxCompiled>>20)
		}
		if err != nil {
			return fmt.Errorf("unpack compiled module: %w", err)
		}
	}
}

func makeFolder(root *os.Root, name string) error {
	if err := root.Mkdir(name, 0o700); err != nil {
		return err
	}
	return root.Chmod(name, 0o755) // whatever the umask took
}

func writeFile(root *os.Root, name string, content io.Reader) error {
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Chmod(0o444), file.Close())
}
