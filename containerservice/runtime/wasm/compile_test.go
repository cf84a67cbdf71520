package wasm

import (
	"archive/tar"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/minifaas/minifaas/containerservice/rss"
	"github.com/minifaas/minifaas/containerservice/runtime"
)

// compiled is a folder with a module's compiled form, by way of the compiler's archive.
func compiled(t testing.TB, f runtime.Function) string {
	t.Helper()
	rt, _, err := Compile(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	var archive []byte
	for {
		r, err := rt.Invoke(t.Context(), runtime.Call{Event: strconv.AppendInt(nil, int64(len(archive)), 10), Timeout: long})
		if err != nil || r.Error != nil || r.PeakMemory <= 0 {
			t.Fatalf("%+v, %v", r, err)
		}
		if len(r.Body) == 0 {
			break
		}
		archive = append(archive, r.Body...)
	}
	dir := t.TempDir()
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return dir
		}
		if err == nil && h.Typeflag == tar.TypeDir {
			err = os.Mkdir(filepath.Join(dir, h.Name), 0o755)
		} else if err == nil {
			var b []byte
			if b, err = io.ReadAll(r); err == nil {
				err = os.WriteFile(filepath.Join(dir, h.Name), b, 0o444)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestCompiled: the compiled form suffices, and nothing is compiled or written.
func TestCompiled(t *testing.T) {
	f := function(t, "command.wasm")
	f.Compiled = compiled(t, f)
	before := list(t, f.Compiled)
	empty := f
	empty.CodeDir = t.TempDir()
	p := start(t, empty) // which there is nothing to compile in
	p.answers(t, "echo\nx", "x")
	if after := list(t, f.Compiled); before != after || before == "" {
		t.Errorf("files were %s, are %s", before, after)
	}
}

// TestDamagedCompiled: then the module itself is compiled.
func TestDamagedCompiled(t *testing.T) {
	f := function(t, "command.wasm")
	f.Handler = "small.wasm"
	module := assemble(aType, aFunction, aMemory, "\x07"+theStart, aCode)
	f.CodeDir = t.TempDir()
	if err := os.WriteFile(filepath.Join(f.CodeDir, f.Handler), []byte(module), 0o644); err != nil {
		t.Fatal(err)
	}
	f.Compiled = compiled(t, f)
	err := filepath.WalkDir(f.Compiled, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != rewritten {
			if err = os.Chmod(path, 0o644); err == nil {
				err = os.Truncate(path, 20)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	start(t, f).answers(t, "", "")
	f.Compiled = t.TempDir()
	start(t, f).answers(t, "", "")
}

func TestCompilerRefuses(t *testing.T) {
	c := &compiler{archive: []byte("archive"), meter: rss.NewMeter()}
	for _, event := range []string{"", "x", "-1", "8"} {
		r, err := c.Invoke(t.Context(), runtime.Call{Event: []byte(event), Timeout: long})
		if err != nil {
			t.Fatal(err)
		}
		wantFault(t, r.Error, "FunctionError", runtime.TypeProtocol, "no position")
	}
}

func list(t testing.TB, dir string) (names string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		names += path + " "
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
