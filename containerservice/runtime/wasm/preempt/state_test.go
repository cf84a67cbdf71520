package preempt

import (
	"testing"

	"github.com/tetratelabs/wazero/api"
)

// TestVariables: all that is mutable and the module's own can be read and set.
func TestVariables(t *testing.T) {
	const globals = "\x06\x03" +
		"\x7f\x01\x41\x2a\x0b" + // a mutable i32 of 42
		"\x7e\x00\x42\x07\x0b" + // a constant i64
		"\x7e\x01\x42\x09\x0b" // a mutable i64 of 9
	m := instantiate(t, rewrite(t, assemble(types, functions, memory, globals, exports, code("\x20\x00"))))
	for name, want := range map[string]uint64{Variable + "0": 42, Variable + "1": 9} {
		g, ok := m.ExportedGlobal(name).(api.MutableGlobal)
		if !ok || g.Get() != want {
			t.Errorf("%s is %v, want %d", name, g, want)
		}
	}
	if m.ExportedGlobal(Variable+"2") != nil || m.ExportedGlobal(Tables) != nil {
		t.Error("more is exported")
	}
}

func TestTables(t *testing.T) {
	const (
		refs  = "\x04\x01\x70\x00\x02"             // a table of two
		set   = "\x41\x00\xd2\x00\x26\x00\x20\x00" // table.set
		grow  = "\xd0\x70\x41\x01\xfc\x0f\x00"     // table.grow
		sized = "\xfc\x10\x00"                     // table.size
		named = "\x09\x01\x03\x00\x01\x00"         // the function may be referred to
	)
	for body, want := range map[string]bool{set: true, grow: true, sized: false, "\x20\x00": false} {
		m := instantiate(t, rewrite(t, assemble(types, functions, refs, memory, exports, named, code(body))))
		if got := m.ExportedGlobal(Tables) != nil; got != want {
			t.Errorf("%x: %v, want %v", body, got, want)
		}
	}
}
