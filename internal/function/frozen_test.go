package function

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

func freeze(t *testing.T, c *Catalogue) *Catalogue {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "frozen")
	if err := c.Freeze(folder); err != nil {
		t.Fatal(err)
	}
	frozen, err := Load(filepath.Join(folder, FrozenFile))
	if err != nil {
		t.Fatal(err)
	}
	return frozen
}

// TestFrozenKeepsAll: whatever a function has, now and in time to come.
func TestFrozenKeepsAll(t *testing.T) {
	var f Function
	fill(t, reflect.ValueOf(&f).Elem())
	c, err := newCatalogue([]Function{f})
	if err != nil {
		t.Fatal(err)
	}
	if got := freeze(t, c).All(); len(got) != 1 || !reflect.DeepEqual(got[0], f) {
		t.Errorf("frozen: %+v, want %+v", got, f)
	}
}

// fill gives every field a value that is not its zero.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case reflect.String:
		v.SetString("some")
	case reflect.Int, reflect.Int64:
		v.SetInt(1<<40 + 1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"some": "thing"}))
	default:
		t.Fatalf("a function has a %v: fill it here", v.Kind())
	}
}

// TestFrozenOutlivesEdits: what its author does to the files changes neither versions nor code.
func TestFrozenOutlivesEdits(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, map[string]string{
		"functions.yaml":      "functions:\n- {name: a, runtime: binary, handler: run, code: shared}\n- {name: b, runtime: binary, handler: run, code: shared}\n",
		"shared/run":          "first",
		"shared/lib/data":     "first",
		"hello/function.yaml": "runtime: python3\nhandler: main.handler\n",
		"hello/main.py":       "first",
	})
	long := time.Now().Add(-time.Hour).Truncate(time.Second)
	run := filepath.Join(folder, "shared", "run")
	if err := os.Chmod(run, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(run, long, long); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("lib/data", filepath.Join(folder, "shared", "link")); err != nil {
		t.Fatal(err)
	}
	before, err := Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	frozen := freeze(t, before)
	write(t, folder, map[string]string{"shared/run": "second", "shared/lib/data": "second", "hello/function.yaml": "no: such: thing"})
	if err := os.Remove(filepath.Join(folder, "hello", "main.py")); err != nil {
		t.Fatal(err)
	}
	code := map[string]string{}
	for _, f := range before.All() {
		now, err := frozen.Find("", f.Name.String())
		if err != nil {
			t.Fatal(err)
		}
		code[f.Name.Function] = now.Code
	}
	if code["a"] != code["b"] || code["a"] == code["hello"] {
		t.Errorf("code is in %v: want one copy of what functions share", code)
	}
	for _, file := range []string{code["a"] + "/run", code["a"] + "/lib/data", code["a"] + "/link", code["hello"] + "/main.py"} {
		if text, err := os.ReadFile(file); err != nil || string(text) != "first" {
			t.Errorf("%s: %q, %v", file, text, err)
		}
	}
	if info, err := os.Stat(code["a"] + "/run"); err != nil || info.Mode().Perm() != 0o755 || !info.ModTime().Equal(long) {
		t.Errorf("the copy of an executable of %v: %v, %v", long, info, err)
	}
}

// TestFrozenLeavesOddCode: a node finds its fault, and tells the author by the author's path.
func TestFrozenLeavesOddCode(t *testing.T) {
	for name, spoil := range map[string]func(code string) error{
		"missing":          os.RemoveAll,
		"a file":           func(code string) error { return os.WriteFile(code, nil, 0o644) },
		"a pipe in it":     func(code string) error { return syscall.Mkfifo(filepath.Join(code, "pipe"), 0o644) },
		"a link out of it": func(code string) error { return os.Symlink("../secret", filepath.Join(code, "link")) },
	} {
		t.Run(name, func(t *testing.T) {
			code := filepath.Join(t.TempDir(), "code")
			if name != "a file" {
				write(t, code, map[string]string{"main.py": "pass"})
			}
			if err := spoil(code); err != nil {
				t.Fatal(err)
			}
			c, err := newCatalogue([]Function{{Name: Name{"default", "odd", "1"}, Code: code}})
			if err != nil {
				t.Fatal(err)
			}
			if got := freeze(t, c).All()[0].Code; got != code {
				t.Errorf("its code is in %s now, want %s", got, code)
			}
		})
	}
}

// TestFreezeInsideOfCode: a state folder below the code is not copied into itself.
func TestFreezeInsideOfCode(t *testing.T) {
	code := t.TempDir()
	c, err := newCatalogue([]Function{{Name: Name{"default", "a", "1"}, Code: code}})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Freeze(filepath.Join(code, "state", "run")); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(code, "state", "run", "*"))
	if err != nil || len(files) != 1 || !strings.HasSuffix(files[0], FrozenFile) {
		t.Errorf("there is %v, %v", files, err)
	}
}
