package wasm

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/minifaas/minifaas/containerservice/runtime"
)

// A module by its sections, of which these are the ones that matter here.
func assemble(sections ...string) string {
	module := []byte("\x00asm\x01\x00\x00\x00")
	for _, s := range sections {
		module = append(module, s[0], byte(len(s)-1))
		module = append(module, s[1:]...)
	}
	return string(module)
}

const (
	aType     = "\x01\x01\x60\x00\x00" // () → ()
	aFunction = "\x03\x01\x00"         // of that type
	aMemory   = "\x05\x01\x00\x01"     // of 1 page
	aCode     = "\x0a\x01\x02\x00\x0b" // that does nothing
	theStart  = "\x02\x06memory\x02\x00\x06_start\x00\x00"
)

func TestLoadFails(t *testing.T) {
	for name, c := range map[string]struct {
		module, code, kind, reason string
	}{
		"empty":          {"", "FunctionError", TypeInvalid, "does not begin as a WebAssembly module"},
		"a program":      {"\x7fELF............", "FunctionError", TypeInvalid, "does not begin as a WebAssembly module"},
		"a component":    {"\x00asm\x0d\x00\x01\x00", "FunctionError", TypeInvalid, "component"},
		"cut off":        {assemble(aType, aFunction, aMemory, "\x07"+theStart, aCode)[:60-20], "FunctionError", TypeInvalid, "cut off"},
		"no exports":     {assemble(aType, aFunction, aMemory, aCode), "FunctionError", TypeInvalid, "exports nothing"},
		"no memory":      {assemble(aType, aFunction, "\x07\x01\x06_start\x00\x00", aCode), "FunctionError", TypeInvalid, "has no memory"},
		"hidden memory":  {assemble(aType, aFunction, aMemory, "\x07\x01\x06_start\x00\x00", aCode), "FunctionError", TypeInvalid, "exports no memory"},
		"no style":       {assemble(aType, aFunction, aMemory, "\x07\x02\x06memory\x02\x00\x04main\x00\x00", aCode), "FunctionError", TypeInvalid, "neither _start"},
		"handle's type":  {assemble(aType, aFunction, aMemory, "\x07\x02\x06memory\x02\x00\x06handle\x00\x00", aCode), "FunctionError", TypeInvalid, "[i32 i32] → [i64]"},
		"invalid code":   {assemble(aType, aFunction, aMemory, "\x07"+theStart, "\x0a\x01\x03\x00\x1a\x0b"), "FunctionError", TypeInvalid, "invalid function"},
		"unknown code":   {assemble(aType, aFunction, aMemory, "\x07"+theStart, "\x0a\x01\x03\x00\xfe\x0b"), "FunctionError", TypeInvalid, "0xfe"},
		"foreign memory": {assemble(aType, "\x02\x01\x03env\x06memory\x02\x00\x01", aFunction, "\x07"+theStart, aCode), "FunctionError", TypeInvalid, "env.memory"},
		"much memory":    {assemble(aType, aFunction, "\x05\x01\x00\x80\x40", "\x07"+theStart, aCode), "OutOfMemory", TypeOutOfMemory, "begins with 512 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			f := runtime.Function{CodeDir: t.TempDir(), Memory: 128 << 20}
			if err := os.WriteFile(filepath.Join(f.CodeDir, DefaultHandler), []byte(c.module), 0o644); err != nil {
				t.Fatal(err)
			}
			_, _, err := Start(t.Context(), f)
			wantFault(t, err, c.code, c.kind, c.reason)
			if c.kind != TypeInvalid {
				return // it is the container's, not the module's
			}
			_, _, err = Compile(t.Context(), f)
			wantFault(t, err, c.code, c.kind, c.reason)
		})
	}
}

func TestSmallestModule(t *testing.T) {
	f := runtime.Function{CodeDir: t.TempDir(), Memory: 1 << 20}
	module := assemble(aType, aFunction, aMemory, "\x07"+theStart, aCode)
	if err := os.WriteFile(filepath.Join(f.CodeDir, DefaultHandler), []byte(module), 0o644); err != nil {
		t.Fatal(err)
	}
	start(t, f).answers(t, "x", "")
}

// TestStartSection: it runs under the invocation's timeout, not in its instantiation.
func TestStartSection(t *testing.T) {
	f := runtime.Function{CodeDir: t.TempDir(), Memory: 1 << 20}
	endless := "\x0a\x01\x07\x00\x03\x40\x0c\x00\x0b\x0b" // loop br 0 end end
	module := assemble(aType, aFunction, aMemory, "\x07"+theStart, "\x08\x00", endless)
	if err := os.WriteFile(filepath.Join(f.CodeDir, DefaultHandler), []byte(module), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := start(t, f).Invoke(t.Context(), runtime.Call{Timeout: 1e8})
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, r.Error, "Timeout", runtime.TypeTimeout, "100ms")
}

func TestNoModule(t *testing.T) {
	f := runtime.Function{CodeDir: t.TempDir(), Memory: 128 << 20}
	_, _, err := Start(t.Context(), f)
	wantFault(t, err, "FunctionError", runtime.TypeHandlerNotFound, `no module "main.wasm"`)
	f.Handler = "."
	_, _, err = Start(t.Context(), f)
	wantFault(t, err, "FunctionError", runtime.TypeHandlerNotFound, "not a file")
}

func TestForeignImport(t *testing.T) {
	_, _, err := Start(t.Context(), function(t, "alien.wasm"))
	wantFault(t, err, "FunctionError", TypeInvalid, "imports env.missing, which is not there")
}

func TestMemoryLimit(t *testing.T) {
	for _, c := range []struct {
		container, held int64
		want            uint64
	}{
		{128 << 20, 3 << 20, 117 << 20},
		{128<<20 + 100, 0, 120 << 20}, // whole pages
		{1 << 20, 3 << 20, leastLimit},
		{64 << 20, 100 << 20, leastLimit},
		{1 << 40, 0, mostLimit},
	} {
		if got := memoryLimit(c.container, c.held); got != c.want {
			t.Errorf("%d bytes of which %d are held leave %d, want %d", c.container, c.held, got, c.want)
		}
	}
	if h := held(); h < 1<<20 || h > 4<<30 {
		t.Errorf("this process holds %d bytes", h)
	}
}
