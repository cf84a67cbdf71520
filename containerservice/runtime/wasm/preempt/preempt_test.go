package preempt

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// assemble makes a module of sections, each its id and its content.
func assemble(sections ...string) []byte {
	module := bytes.Clone(header)
	for _, s := range sections {
		module = append(appendU32(append(module, s[0]), uint32(len(s)-1)), s[1:]...)
	}
	return module
}

// Sections of a module with one function, run, of type (i32) → (i32).
const (
	types     = "\x01\x01\x60\x01\x7f\x01\x7f"
	functions = "\x03\x01\x00"
	memory    = "\x05\x01\x00\x01"
	exports   = "\x07\x01\x03run\x00\x00"
)

// code is a code section with that body, which has one i32 beside its parameter.
func code(body string) string {
	body = "\x01\x01\x7f" + body + "\x0b"
	return "\x0a\x01" + string(appendU32(nil, uint32(len(body)))) + body
}

// Bodies by what they are for.
var bodies = map[string]string{
	// local1 = 0; do { local1 += local0; local0 -= 1 } while (local0); local1
	"loop": "\x03\x40\x20\x01\x20\x00\x6a\x21\x01\x20\x00\x41\x01\x6b\x22\x00\x0d\x00\x0b\x20\x01",
	// local0 < 2 ? local0 : run(local0-1) + run(local0-2)
	"recursion": "\x20\x00\x41\x02\x48\x04\x7f\x20\x00\x05\x20\x00\x41\x01\x6b\x10\x00\x20\x00\x41\x02\x6b\x10\x00\x6a\x0b",
	"leaf":      "\x20\x00\x41\x03\x6a",
}

// instantiate runs a module as it is.
func instantiate(t *testing.T, module []byte) api.Module {
	t.Helper()
	r := wazero.NewRuntime(t.Context())
	t.Cleanup(func() { _ = r.Close(context.Background()) })
	m, err := r.Instantiate(t.Context(), module)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func rewrite(t *testing.T, module []byte) []byte {
	t.Helper()
	out, _, err := Rewrite(module)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSameResults: what is inserted changes nothing, however long it runs.
func TestSameResults(t *testing.T) {
	for name, body := range bodies {
		for globals, section := range map[string]string{"no globals": "", "a global": "\x06\x01\x7f\x01\x41\x2a\x0b"} {
			module := assemble(types, functions, memory, exports, code(body))
			if section != "" {
				module = assemble(types, functions, memory, section, exports, code(body))
			}
			before, after := instantiate(t, module), instantiate(t, rewrite(t, module))
			for _, n := range []uint64{1, 2, 20, 25} {
				if name == "loop" {
					n *= 100_000
				}
				want, err := before.ExportedFunction("run").Call(t.Context(), n)
				if err != nil {
					t.Fatal(err)
				}
				got, err := after.ExportedFunction("run").Call(t.Context(), n)
				if err != nil || got[0] != want[0] {
					t.Errorf("%s, %s: run(%d) = %v, %v, want %v", name, globals, n, got, err, want)
				}
			}
		}
	}
}

// TestStop: an endless loop and an endless recursion trap once they are told to,
// although there is but one thread for them and for whoever tells them.
func TestStop(t *testing.T) {
	for name, n := range map[string]uint64{"loop": 0xffffffff, "recursion": 60} {
		body := bodies[name]
		if name == "loop" {
			body = "\x03\x40\x0c\x00\x0b\x00"
		}
		m := instantiate(t, rewrite(t, assemble(types, functions, memory, exports, code(body))))
		time.AfterFunc(20*time.Millisecond, func() { m.ExportedGlobal(Stop).(api.MutableGlobal).Set(1) })
		if _, err := m.ExportedFunction("run").Call(t.Context(), n); err == nil || !strings.Contains(err.Error(), "unreachable") {
			t.Errorf("%s: %v, want that it has trapped", name, err)
		}
	}
}

// TestStartIsExported, and does not run by itself.
func TestStartIsExported(t *testing.T) {
	nothing := "\x01\x01\x60\x00\x00"
	module := rewrite(t, assemble(nothing, functions, memory, exports, "\x08\x00", code("\x00")))
	if instantiate(t, module).ExportedFunction(Start) == nil {
		t.Error("there is no start function")
	}
}

func TestCustomSections(t *testing.T) {
	module := rewrite(t, assemble("\x00\x06.debugDWARF", types, functions, memory, exports, code(bodies["leaf"]), "\x00\x04name\x00\x02\x01m"))
	if bytes.Contains(module, []byte("DWARF")) || !bytes.Contains(module, []byte("\x04name")) {
		t.Errorf("%q, want the names alone", module)
	}
}

// TestLeafIsLeftAlone: what can't take long costs nothing.
func TestLeafIsLeftAlone(t *testing.T) {
	module := rewrite(t, assemble(types, functions, memory, exports, code(bodies["leaf"])))
	if !bytes.HasSuffix(module, []byte(bodies["leaf"]+"\x0b")) || bytes.Contains(module, []byte{opMemoryGrow, 0, opDrop}) {
		t.Errorf("%q has checks", module)
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[uint32]string{0: "\x00", 0x3f: "\x3f", 0x40: "\xc0\x00", 1023: "\xff\x07", 0x7f: "\xff\x00"} {
		if got := appendS32(nil, n); string(got) != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	in := reader{b: []byte("\xff\xff\xff\xff\xff\x01")}
	if in.u32(); in.err == nil {
		t.Error("a number of more than 32 bits was read")
	}
}

// FuzzRewrite: nothing makes it panic, and what was a module still is one.
func FuzzRewrite(f *testing.F) {
	for _, body := range bodies {
		f.Add(assemble(types, functions, memory, exports, code(body)))
		f.Add(assemble(types, functions, memory, "\x06\x01\x7f\x01\x41\x2a\x0b", exports, code(body), "\x00\x04name\x00\x02\x01m"))
	}
	// Every kind of immediate: block types, tables of branches, floats, memory, bulk memory, SIMD.
	f.Add(assemble(types, functions, memory, exports, code(
		"\x02\x7f\x41\x07\x0b\x1a\x02\x40\x20\x00\x0e\x01\x00\x00\x0b\x43\x00\x00\x00\x00\x1a\x44\x00\x00\x00\x00\x00\x00\x00\x00\x1a"+
			"\x41\x00\x28\x02\x00\x1a\x3f\x00\x1a\xd0\x70\x1a\x41\x00\x41\x00\x41\x00\xfc\x0b\x00\x41\x00\x41\x00\x41\x00\xfc\x0a\x00\x00"+
			"\xfd\x0c................\x1a\x41\x01\x41\x02\x20\x00\x1c\x01\x7f")))
	r := wazero.NewRuntime(context.Background())
	f.Cleanup(func() { _ = r.Close(context.Background()) })
	f.Fuzz(func(t *testing.T, module []byte) {
		out, _, err := Rewrite(module)
		if err != nil {
			if fault, ok := errors.AsType[*Error](err); !ok || fault.Error() == "" {
				t.Fatalf("%v is no Error", err)
			}
			return
		}
		before, err := r.CompileModule(t.Context(), module)
		if err != nil || before.ExportedFunctions()[Start] != nil || bytes.Contains(module, []byte(Stop)) {
			return
		}
		defer before.Close(t.Context())
		after, err := r.CompileModule(t.Context(), out)
		if err != nil {
			t.Fatalf("%q was valid, %q is not: %v", module, out, err)
		}
		_ = after.Close(t.Context())
	})
}
