package play

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// module makes a module with one file in each folder and returns its root.
func module(t *testing.T, more ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, folder := range folders {
		more = append(more, folder+"/a.go")
	}
	for _, name := range more {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("package x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestHashSources(t *testing.T) {
	hash := func(more ...string) Sources {
		s, err := HashSources(module(t, more...))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	plain := hash()
	for _, c := range []struct {
		file                     string
		common, adaptive, oracle bool // whether it changes
	}{
		{file: "scheduler/engine/b.go", common: true},
		{file: "bench/trace/builtin/b.yaml", common: true},
		{file: "scheduler/policy/lru.go", common: true},
		{file: "scheduler/policy/adaptive_keep.go", adaptive: true},
		{file: "bench/sim/oracle_plan.go", oracle: true},
		{file: "bench/sim/oracle_test.go"},
		{file: "bench/policies/page.go"},
	} {
		got := hash(c.file)
		if (got.Common != plain.Common) != c.common || (got.Adaptive != plain.Adaptive) != c.adaptive || (got.Oracle != plain.Oracle) != c.oracle {
			t.Errorf("%s: %+v, without it %+v", c.file, got, plain)
		}
	}
}

func TestHashSourcesOutsideOfTheModule(t *testing.T) {
	if _, err := HashSources(t.TempDir()); err == nil || !strings.Contains(err.Error(), "run it in the root of the module") {
		t.Error(err)
	}
	if _, err := HashSources(filepath.Join("..", "..", "..")); err != nil {
		t.Error(err)
	}
}

// A trace is known by what is in it, wherever it lies.
func TestWorkloadFilesCountByContent(t *testing.T) {
	path := func(text string) string {
		file := filepath.Join(t.TempDir(), "shop.csv")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		c := Cell{Setting: Setting{Workload: file}, Entrant: Entrant{Policy: Baseline}, Seed: 1}
		s, err := newStore(t.TempDir(), Sources{}, []Cell{c})
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Base(s.path(c))
	}
	one, same, other := path("a"), path("a"), path("b")
	if one != same || one == other || !strings.HasPrefix(one, "shop.csv-baseline-1-") {
		t.Errorf("%s, %s, %s", one, same, other)
	}
}
