package function

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLoadFolder(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, map[string]string{
		"functions.yaml":       "functions:\n- {name: a, runtime: native, handler: run, code: a, memory: 64MiB, timeout: 1.5s, concurrency: 3, network: egress}\n",
		"hello/function.yaml":  "runtime: python3\nhandler: main.handler\n",
		"hello/main.py":        "def handler(event, context): pass\n",
		"not-one/README.md":    "no function here\n",
		"other/function.yaml":  "name: renamed\naccount: me\nruntime: binary\nenvironment: {A: b}\n",
		"other/nested/data.sh": "true\n",
	})
	catalogue, err := Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	a, err := catalogue.Find("", "a")
	if err != nil {
		t.Fatal(err)
	}
	if a.Memory != 64<<20 || a.Timeout != 1500*time.Millisecond || a.Concurrency != 3 || !a.Egress || a.Code != filepath.Join(folder, "a") {
		t.Errorf("a is %+v", a)
	}
	hello, err := catalogue.Find("default", "hello")
	if err != nil {
		t.Fatal(err)
	}
	if hello.Memory != DefaultMemory || hello.Timeout != DefaultTimeout || hello.Egress || len(hello.Name.Version) != 12 {
		t.Errorf("hello is %+v", hello)
	}
	for _, name := range []string{hello.Name.String(), "default/hello", "hello@" + hello.Name.Version} {
		if found, err := catalogue.Find("", name); err != nil || found.Name != hello.Name {
			t.Errorf("find %s: %v, %v", name, found.Name, err)
		}
	}
	if f, err := catalogue.Find("me", "renamed"); err != nil || f.Environment["A"] != "b" {
		t.Errorf("renamed: %+v, %v", f, err)
	}
	for _, name := range []string{"", "nobody", "hello@000000000000", "other/hello", "a/b/c", "a b", "@", "renamed"} {
		if _, err := catalogue.Find("", name); !errors.Is(err, ErrNotFound) {
			t.Errorf("find %q: %v, want not found", name, err)
		}
	}
}

func TestVersionChangesWithTheCodeAlone(t *testing.T) {
	versionOf := func(files map[string]string) string {
		folder := t.TempDir()
		write(t, folder, files)
		catalogue, err := Load(folder)
		if err != nil {
			t.Fatal(err)
		}
		return catalogue.All()[0].Name.Version
	}
	files := map[string]string{"f/function.yaml": "runtime: binary\n", "f/fn.sh": "echo 1\n"}
	first := versionOf(files)
	if again := versionOf(files); again != first {
		t.Errorf("the same code is version %s and %s", first, again)
	}
	files["f/fn.sh"] = "echo 2\n"
	if changed := versionOf(files); changed == first {
		t.Error("changed code is the same version")
	}
}

// TestSimulatedFunctionHasNoCode: what lies beside its declaration is not its own.
func TestSimulatedFunctionHasNoCode(t *testing.T) {
	folder := t.TempDir()
	load := func() Function {
		catalogue, err := Load(folder)
		if err != nil {
			t.Fatal(err)
		}
		return catalogue.All()[0]
	}
	write(t, folder, map[string]string{"functions.yaml": "functions:\n- {name: a, runtime: simulated, memory: 64MiB, resident: 20MiB}\n"})
	first := load()
	if first.Code != "" || first.Resident != 20<<20 || len(first.Name.Version) != 12 {
		t.Errorf("loaded %+v", first)
	}
	write(t, folder, map[string]string{"beside.txt": "changed"})
	if again := load(); again.Name != first.Name {
		t.Errorf("a file beside it changed its version from %v to %v", first.Name, again.Name)
	}
	write(t, folder, map[string]string{"functions.yaml": "functions:\n- {name: a, runtime: simulated, memory: 64MiB, resident: 21MiB}\n"})
	if other := load(); other.Name == first.Name {
		t.Error("another size is the same version")
	}
}

func TestLoadReportsEveryFault(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, map[string]string{
		"functions.yaml": `functions:
- {name: "bad name", runtime: cobol, memory: 3B, timeout: 99h, concurrency: -1}
- {name: ok, runtime: native}
- {name: small, runtime: native, memory: 23MiB}
- {name: least, runtime: native, memory: 24MiB}
- {name: tiny, runtime: simulated, memory: 1MiB}
- {name: nothing-to-run, runtime: simulated, handler: h}
- {name: real, runtime: native, resident: 5MiB}
- {name: kept, runtime: nodejs, snapshot: true}
- {name: state, runtime: python3, snapshot: true, preload: [json, "os; exit", test.support, unittest.__main__]}
- {name: early, runtime: wasm, preload: [json], network: egress}
- {name: server, runtime: native, network: ingress}
`,
		"broken/function.yaml":  "runtime: [\n",
		"unknown/function.yaml": "runtime: native\nmemroy: 1GiB\n",
	})
	_, err := Load(folder)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"bad name", "cobol", "memory 3B: want at least 24MiB", "memory 23MiB: want at least 24MiB", "timeout 99h", "concurrency -1", "leave out handler", "resident 5MiB", "snapshot: only the runtimes python3 and wasm", `preload "os; exit"`, "preload: only the runtime python3", "network egress: the runtime wasm", `network "ingress"`, `preload "test.support": it is a program`, `preload "unittest.__main__": it`, "broken/function.yaml", "memroy"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not speak of %q:\n%v", want, err)
		}
	}
	if n := strings.Count(err.Error(), "memory "); n != 2 {
		t.Errorf("it speaks %d times of memory, want 2:\n%v", n, err)
	}
	if _, err := Load(filepath.Join(folder, "nowhere")); err == nil || !strings.Contains(err.Error(), "--functions") {
		t.Errorf("missing folder: %v", err)
	}
}

func TestTwiceDeclaredIsAFault(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, map[string]string{"functions.yaml": "functions:\n- {name: a, runtime: native}\n- {name: a, runtime: binary}\n"})
	if _, err := Load(folder); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("got %v", err)
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{"128MiB": 128 << 20, "1.5GiB": 3 << 29, "1048576": 1 << 20, "2 KB": 2000, "7B": 7} {
		var got Size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: %d, %v, want %d", text, got, err, want)
		}
		var again Size
		if err := again.UnmarshalText([]byte(got.String())); err != nil || again != got {
			t.Errorf("%s: String is %s, which reads as %d, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"", "MiB", "-1MiB", "1XiB", "NaN", "1e30GiB"} {
		var got Size
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q reads as %d", text, got)
		}
	}
}

// TestVersionThroughLinks: it is of the code that a link leads to, and of where links lead.
func TestVersionThroughLinks(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, map[string]string{
		"v1/function.yaml": "runtime: python3\nhandler: main.handler\n", "v1/main.py": "1", "v1/one.py": "", "v1/two.py": "",
		"v2/function.yaml": "runtime: python3\nhandler: main.handler\n", "v2/main.py": "2", "v2/one.py": "", "v2/two.py": "",
	})
	relink := func(name, to string) string {
		t.Helper()
		_ = os.Remove(filepath.Join(folder, name))
		if err := os.MkdirAll(filepath.Join(folder, "live"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
		c, err := Load(filepath.Join(folder, "live"))
		if err != nil {
			t.Fatal(err)
		}
		return c.All()[0].Name.Version
	}
	versions := map[string]bool{}
	for _, link := range [][2]string{{"live/f", "../v1"}, {"live/f", "../v2"}, {"v2/part.py", "one.py"}, {"v2/part.py", "two.py"}} {
		versions[relink(link[0], link[1])] = true
	}
	if len(versions) != 4 {
		t.Errorf("versions %v: want four, one of each deployment", versions)
	}
}

// TestFaultsInWords: an author knows nothing of our types.
func TestFaultsInWords(t *testing.T) {
	for text, want := range map[string]string{
		"runtime: python3\nmemry: 3\n": "line 2: memry: no such setting; a function has name, account, runtime,",
		"- runtime\n":                  "cannot unmarshal !!seq into a function",
	} {
		folder := t.TempDir()
		write(t, folder, map[string]string{"f/function.yaml": text})
		if _, err := Load(folder); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	folder := t.TempDir()
	write(t, folder, map[string]string{"functions.yaml": "functions: []\n", "f/function.yaml": "runtime: python3\n"})
	_, err := Load(filepath.Join(folder, "f", "function.yaml"))
	if err == nil || !strings.Contains(err.Error(), "line 1: runtime: no such setting; a manifest has a list, functions;") {
		t.Errorf("one function in the place of a manifest: %v", err)
	}
}
