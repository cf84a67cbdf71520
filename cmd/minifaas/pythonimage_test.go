package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// testPythonImage proves BASE: Python's functions need an image with Python in
// it. On the way it shows that a container's limits hold in a container.
func testPythonImage(t *testing.T, e *dockerEngine, binary, tag string) {
	base := e.importPython(t, tag)
	e.buildImages(t, binary, tag, base)
	functions := openTempDir(t)
	if err := writeSamples(functions); err != nil {
		t.Fatal(err)
	}
	const manifest = `functions:
- {name: own-proc, runtime: python3, handler: main.handler, code: own-proc}
- {name: slow, runtime: native, handler: load-native, code: load-native, timeout: 200ms}
- {name: greedy, runtime: native, handler: load-native, code: load-native, memory: 64MiB}
`
	if err := os.WriteFile(filepath.Join(functions, "functions.yaml"), []byte(manifest), 0o644); err != nil {
		t.Fatal(err)
	}
	// The kernel mounts a sandbox its /proc only where the engine covers nothing of it.
	const ownProc = "def handler(event, context):\n    return open('/proc/self/status').read()\n"
	if err := errors.Join(os.Mkdir(filepath.Join(functions, "own-proc"), 0o755),
		os.WriteFile(filepath.Join(functions, "own-proc", "main.py"), []byte(ownProc), 0o644)); err != nil {
		t.Fatal(err)
	}
	service := readCompose(t, "platform", nil)
	service.Volumes = append(service.Volumes, functions+":/functions:ro")
	c, calls, _ := e.runPlatform(t, append(service.args(), "minifaas:"+tag))
	calls.coldThenWarm("hello-python")
	if reply := calls.must("own-proc", `{}`); !strings.Contains(string(reply.GetBody()), "NoNewPrivs:") {
		t.Errorf("a function's /proc: %q, %s", reply.GetBody(), reply.GetFunctionErrorMessage())
	}
	for function, event := range map[string]string{"slow": `{"sleep_ms":10000}`, "greedy": `{"touch_mb":500}`} {
		want := map[string]string{"slow": "Timeout", "greedy": "OutOfMemory"}[function]
		if reply := calls.must(function, event); reply.GetFunctionError() != want {
			t.Errorf("%s: %q %s, want %s", function, reply.GetFunctionError(), reply.GetFunctionErrorMessage(), want)
		}
	}
	c.stop(t, 30*time.Second)
}

// openTempDir is a folder that every user may enter.
func openTempDir(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, dir := range []string{folder, filepath.Dir(folder)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// importPython makes an image of this machine's python3, its library and the
// shared libraries that it is linked with, and nothing else.
func (e *dockerEngine) importPython(t *testing.T, tag string) string {
	t.Helper()
	const python = "/usr/bin/python3"
	if _, err := os.Stat(python); err != nil {
		t.Skip("no /usr/bin/python3 on this machine to make an image of")
	}
	folders, err := exec.Command(python, "-c", "import sysconfig as s; print(*{s.get_path('stdlib'), s.get_path('platstdlib')})").Output()
	if err != nil {
		t.Fatalf("find python's library: %v", err)
	}
	linked, err := exec.Command("ldd", python).Output()
	if err != nil {
		t.Skipf("no base image: ldd %s: %v", python, err)
	}
	files := append(strings.Fields(string(folders)), python)
	for _, library := range regexp.MustCompile(`(?m)(/\S+) \(0x`).FindAllStringSubmatch(string(linked), -1) {
		files = append(files, library[1])
	}
	root := filepath.Join(t.TempDir(), "root.tar")
	// What tests and the linker need is most of the library.
	pack := append([]string{"-c", "-h", "-P", "-f", root, "--exclude=*/test", "--exclude=*/config-*", "--exclude=*/dist-packages"}, files...)
	if output, err := exec.Command("tar", pack...).CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, output)
	}
	image := "minifaas-test-python:" + tag
	e.docker(t, "import", root, image)
	t.Cleanup(func() { e.docker(t, "rmi", image) })
	return image
}
