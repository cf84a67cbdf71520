package wasm

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestFiles: the code can be read, /tmp written, and nothing else be reached.
func TestFiles(t *testing.T) {
	code, tmp := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", tmp)
	f := function(t, "command.wasm")
	for name, content := range map[string]string{"data.txt": "data ", "main.wasm": ""} {
		if err := os.WriteFile(filepath.Join(code, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(modules, f.Handler), filepath.Join(code, "out")); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(tmp, "..", "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	shared := *shared(t, "command.wasm")
	f.CodeDir = code
	config, err := configure(&f)
	if err != nil {
		t.Fatal(err)
	}
	shared.config, shared.function = config, f
	p := &shared

	p.answers(t, "read /var/task/data.txt", "data ok")
	p.answers(t, "read data.txt", "data ok") // it is where the module is
	p.answers(t, "write /tmp/x", "ok")
	p.answers(t, "read /tmp/x", "xok")
	if b, err := os.ReadFile(filepath.Join(tmp, "x")); err != nil || string(b) != "x" {
		t.Errorf("%q, %v: /tmp is elsewhere", b, err)
	}
	for _, event := range []string{
		"write /var/task/data.txt", "write /var/task/new", "write /new",
		"read /etc/passwd", "read /proc/self/mem", "read /", "read /var/task/out",
		"read /tmp/../secret", "read /tmp/../../../../../../../../etc/passwd", "read ../../etc/passwd", "read /var/task/../../etc/passwd",
		"link /etc/passwd",
	} {
		if r := p.invoke(t, event); r.Error != nil || len(r.Body) == 0 || strings.HasSuffix(string(r.Body), "ok") {
			t.Errorf("%s: %q, %v, want that it is refused", event, r.Body, r.Error)
		}
	}
	if _, err := os.Lstat(filepath.Join(tmp, "link")); err == nil {
		t.Error("a symbolic link was made")
	}
}

func TestNoSockets(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := shared(t, "command.wasm")
	if r := p.invoke(t, "dial "+l.Addr().String()); r.Error == nil && string(r.Body) == "ok" {
		t.Error("it has dialled")
	}
}

// TestClockAndChance: both are real, whatever wazero does by default.
func TestClockAndChance(t *testing.T) {
	p := shared(t, "command.wasm")
	var second int64
	if _, err := fmt.Sscan(string(p.invoke(t, "clock").Body), &second); err != nil || time.Since(time.Unix(second, 0)).Abs() > time.Minute {
		t.Errorf("it is %d there, %v", second, err)
	}
	a, b := p.invoke(t, "random").Body, p.invoke(t, "random").Body
	if len(a) == 0 || string(a) == string(b) {
		t.Errorf("two calls have drawn %s and %s", a, b)
	}
}
