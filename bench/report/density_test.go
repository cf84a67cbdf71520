package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/minifaas/minifaas/bench/density"
)

func TestDensity(t *testing.T) {
	r := &density.Result{
		Containers: 1000, Frozen: 999, Answered: 998, Charged: 2 << 30, Creation: 20 * time.Second, Calls: 3 * time.Second,
		Fall: &density.Memory{Available: 3 << 30, Anonymous: 2 << 30, PageTables: 100 << 20}, Failure: "it fails",
	}
	var out bytes.Buffer
	if err := Density(&out, JSON, "wasm", r, nil); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"runtime": "wasm", "containers": 1000.0, "memory_bytes": float64(3 << 30), "answered": 998.0, "frozen": 999.0, "partial": false,
	} {
		if got[key] != want {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
	out.Reset()
	if err := Density(&out, Table, "wasm", r, []string{"a note"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"3072 MiB", "3146 KiB", "1,000 containers of wasm, 999 frozen", "998 answered", "note: the first call that failed: it fails", "note: a note", "quiet machine"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, out.String())
		}
	}
	r.Fall, r.Partial = nil, true
	out.Reset()
	if err := Density(&out, Table, "wasm", r, nil); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "MiB") || !strings.Contains(out.String(), "partial") {
		t.Errorf("of what was not measured:\n%s", out.String())
	}
}
