package linux

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/minifaas/minifaas/internal/function"
)

func newStore(t *testing.T) *codeStore {
	t.Helper()
	s := &codeStore{dir: t.TempDir()}
	if err := os.Mkdir(filepath.Join(s.dir, emptyCode), 0o755); err != nil {
		t.Fatal(err)
	}
	return s
}

func codeOf(dir string) function.Function {
	return function.Function{Name: function.Name{Account: "a", Function: "f", Version: "v/1"}, Code: dir}
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func TestCodeIsCopied(t *testing.T) {
	source := t.TempDir()
	write(t, filepath.Join(source, "fn.sh"), "#!/bin/sh\n", 0o700)
	write(t, filepath.Join(source, "lib/data"), "1", 0o600)
	if err := os.Symlink("../fn.sh", filepath.Join(source, "lib/again")); err != nil {
		t.Fatal(err)
	}
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	s := newStore(t)
	var creators sync.WaitGroup
	for range 8 {
		creators.Go(func() {
			if _, fault, err := s.get(t.Context(), codeOf(source)); fault != nil || err != nil {
				t.Errorf("get: %v, %v", fault, err)
			}
		})
	}
	creators.Wait()
	dir, _, _ := s.get(t.Context(), codeOf(source))
	for path, want := range map[string]os.FileMode{".": 0o755, "fn.sh": 0o755, "lib": 0o755, "lib/data": 0o644, "lib/again": 0o755} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil {
			t.Error(err)
		} else if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
	}
	if copies, _ := filepath.Glob(filepath.Join(s.dir, "*")); len(copies) != 2 {
		t.Errorf("in the store: %v, want one copy and the empty folder", copies)
	}
}

// TestCodeFaults: a bad folder is the function's fault, and names what is wrong.
func TestCodeFaults(t *testing.T) {
	tests := map[string]struct {
		make func(dir string) error
		want string
	}{
		"missing":       {os.Remove, "no such file or directory"},
		"a file":        {func(dir string) error { return errors2(os.Remove(dir), os.WriteFile(dir, nil, 0o600)) }, "is not a folder"},
		"absolute link": {func(dir string) error { return os.Symlink("/etc/passwd", filepath.Join(dir, "x")) }, "leaves the folder, to /etc/passwd"},
		"link upwards":  {func(dir string) error { return os.Symlink("../../y", filepath.Join(dir, "x")) }, "leaves the folder, to ../../y"},
		"a pipe":        {func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "x"), 0o600) }, "neither file, folder nor link"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			source := filepath.Join(t.TempDir(), "code")
			if err := errors2(os.Mkdir(source, 0o755), test.make(source)); err != nil {
				t.Fatal(err)
			}
			s := newStore(t)
			dir, fault, err := s.get(t.Context(), codeOf(source))
			if err != nil {
				t.Fatal(err)
			}
			if fault == nil || !strings.Contains(fault.Error(), test.want) || !strings.Contains(fault.Error(), source) {
				t.Errorf("fault %v, want %q of %s", fault, test.want, source)
			}
			if filepath.Base(dir) != emptyCode {
				t.Errorf("folder %s, want the empty one", dir)
			}
			if copies, _ := filepath.Glob(filepath.Join(s.dir, "*")); len(copies) != 1 {
				t.Errorf("in the store: %v, want the empty folder alone", copies)
			}
		})
	}
}

func errors2(first, second error) error {
	if first != nil {
		return first
	}
	return second
}
