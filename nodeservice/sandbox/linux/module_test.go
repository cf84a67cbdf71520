package linux

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/sandboxtest"
)

// archiveOf is a tar archive of one entry.
func archiveOf(t *testing.T, h tar.Header, content string) io.Reader {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	h.Size = int64(len(content))
	if err := w.WriteHeader(&h); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

func wasmOf(code string) function.Function {
	f := codeOf(code)
	f.Runtime = function.Wasm
	return f
}

// TestModuleCompiledOnce: by the digest of what it is, whoever's it is.
func TestModuleCompiledOnce(t *testing.T) {
	var compiled atomic.Int32
	s := &moduleStore{dir: t.TempDir(), compile: func(_ string, _ function.Function, _ string, archive func(io.Reader) error) error {
		compiled.Add(1)
		return archive(archiveOf(t, tar.Header{Name: "module.wasm", Mode: 0o600}, "code"))
	}}
	mine, yours := t.TempDir(), t.TempDir()
	write(t, filepath.Join(mine, defaultModule), "module", 0o644)
	write(t, filepath.Join(yours, "other.wasm"), "module", 0o644)
	var folders sync.Map
	var creators sync.WaitGroup
	for range 8 {
		creators.Go(func() {
			folder, err := s.get(t.Context(), wasmOf(mine), mine)
			if err != nil {
				t.Error(err)
			}
			folders.Store(folder, true)
		})
	}
	creators.Wait()
	f := wasmOf(yours)
	f.Handler = "other.wasm"
	folder, err := s.get(t.Context(), f, yours)
	if err != nil {
		t.Fatal(err)
	}
	folders.Store(folder, true)
	folders.Range(func(other, _ any) bool {
		if other != folder {
			t.Errorf("compiled forms in %s and %s", folder, other)
		}
		return true
	})
	if n := compiled.Load(); n != 1 {
		t.Errorf("compiled %d times", n)
	}
	if info, err := os.Stat(filepath.Join(folder, "module.wasm")); err != nil || info.Mode() != 0o444 {
		t.Errorf("%v, %v, want a file that nobody writes", info, err)
	}
}

// TestModuleWithoutForm: what its container will find out is no error here, and what the platform does wrong is.
func TestModuleWithoutForm(t *testing.T) {
	var fault error
	s := &moduleStore{dir: t.TempDir(), compile: func(string, function.Function, string, func(io.Reader) error) error { return fault }}
	code := t.TempDir()
	write(t, filepath.Join(code, defaultModule), "module", 0o644)
	write(t, filepath.Join(filepath.Dir(code), "outside"), "module", 0o644)
	for handler, want := range map[string]error{
		"": codeError{errors.New("no module")}, "missing.wasm": nil, ".": nil, "../outside": nil, "/dev/zero": nil,
	} {
		f := wasmOf(code)
		f.Handler, fault = handler, want
		if folder, err := s.get(t.Context(), f, code); folder != "" || err != nil {
			t.Errorf("handler %q: %q, %v, want no form and no error", handler, folder, err)
		}
	}
	fault = errors.New("no sandbox")
	if _, err := s.get(t.Context(), wasmOf(code), code); !errors.Is(err, fault) {
		t.Errorf("%v, want the platform's error", err)
	}
	if left, err := os.ReadDir(s.dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v are left", left, err)
	}
}

// TestUnpackStaysInside: an archive comes from a process that has read what a stranger wrote.
func TestUnpackStaysInside(t *testing.T) {
	for name, h := range map[string]tar.Header{
		"above":    {Name: "../x"},
		"absolute": {Name: "/tmp/x"},
		"folder":   {Name: "../d/", Typeflag: tar.TypeDir},
		"link":     {Name: "l", Typeflag: tar.TypeSymlink, Linkname: "/etc"},
		"device":   {Name: "d", Typeflag: tar.TypeChar},
	} {
		parent := t.TempDir()
		folder := filepath.Join(parent, "in")
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := unpack(archiveOf(t, h, ""), folder); err == nil {
			t.Errorf("%s: it was taken", name)
		}
		if left, _ := filepath.Glob(parent + "/*/*"); len(left) > 0 {
			t.Errorf("%s: %v was made", name, left)
		}
	}
}

// TestModuleIsShared: two functions of two tenants with the same module use one
// form, which neither can write; a module that does not compile says so in its own container.
func TestModuleIsShared(t *testing.T) {
	r := newRuntime(t, nil)
	f := sandboxtest.Build(t).Module(t)
	for _, tenant := range []string{"one", "other"} {
		f.Name.Account = tenant
		c, err := r.Create(t.Context(), sandbox.Spec{ID: tenant, Function: f, Memory: 64 << 20})
		if err != nil {
			t.Fatal(err)
		}
		if res, err := c.Invoke(t.Context(), sandbox.Invocation{Timeout: long}); err != nil || res.Error != nil {
			t.Fatalf("%v, %+v", err, res.Error)
		}
		if r.namespaces {
			wantReadOnly(t, c.(*container))
		}
	}
	forms, err := os.ReadDir(r.state.modules())
	if err != nil || len(forms) != 1 {
		t.Errorf("forms %v, %v, want one", forms, err)
	}
	code := t.TempDir()
	write(t, filepath.Join(code, defaultModule), "\x00asm\x01\x00\x00\x00", 0o644)
	c, err := r.Create(t.Context(), sandbox.Spec{ID: "bad", Function: wasmOf(code), Memory: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Invoke(t.Context(), sandbox.Invocation{Timeout: long})
	if err != nil || res.Error == nil || res.Error.Type != "Runtime.InvalidModule" || !strings.Contains(res.Error.Message, "exports nothing") {
		t.Errorf("%+v, %v, want what is wrong with the module", res.Error, err)
	}
}

// wantReadOnly looks at the container's mounts from outside.
func wantReadOnly(t *testing.T, c *container) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(c.agent.process.Pid), "mountinfo"))
	if errors.Is(err, fs.ErrPermission) {
		return // the agent is closed to a node that is not root
	}
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); fields[4] == compiledFolder {
			if !strings.HasPrefix(fields[5], "ro,") {
				t.Errorf("%s is mounted %s", compiledFolder, fields[5])
			}
			return
		}
	}
	t.Errorf("%s is not mounted", compiledFolder)
}
