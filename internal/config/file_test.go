package config

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

type app struct {
	Run struct {
		Policy string        `default:"adaptive"`
		Nodes  int           `default:"2"`
		Wait   time.Duration `default:"1s"`
		Names  []string
	} `cmd:""`
	Other struct {
		Elsewhere int
	} `cmd:""`
}

func parse(t *testing.T, text string, args ...string) (app, *File) {
	t.Helper()
	file, err := Read(strings.NewReader(text), "test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var a app
	parser, err := kong.New(&a, kong.DefaultEnvars("TEST"), kong.Resolvers(file), kong.Writers(io.Discard, io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append([]string{"run"}, args...)); err != nil {
		t.Fatal(err)
	}
	return a, file
}

func TestFlagWinsOverEnvironmentOverFileOverDefault(t *testing.T) {
	t.Setenv("TEST_NODES", "4")
	t.Setenv("TEST_WAIT", "4s")
	a, file := parse(t, "nodes: 3\nwait: 3s\nnames: [a, b]\nelsewhere: 7\n", "--wait=5s")
	if err := file.Faults(); err != nil {
		t.Fatal(err)
	}
	if a.Run.Policy != "adaptive" || a.Run.Nodes != 4 || a.Run.Wait != 5*time.Second || strings.Join(a.Run.Names, " ") != "a b" {
		t.Errorf("got %+v", a.Run)
	}
}

func TestEveryFaultIsReportedWithItsLine(t *testing.T) {
	_, file := parse(t, "policy: x\nnodes: many\nwait: 3\ncolour: blue\nnames: {a: b}\n")
	got := file.Faults()
	if got == nil {
		t.Fatal("no faults")
	}
	for _, want := range []string{"test.yaml:2: nodes", "test.yaml:3: wait", "test.yaml:4: colour: no such setting", "test.yaml:5: names"} {
		if !strings.Contains(got.Error(), want) {
			t.Errorf("no %q in:\n%v", want, got)
		}
	}
	if n := strings.Count(got.Error(), "test.yaml:"); n != 4 {
		t.Errorf("%d faults, want 4:\n%v", n, got)
	}
}

func TestNotYAML(t *testing.T) {
	if _, err := Read(strings.NewReader("- a\n- b\n"), "test.yaml"); err == nil || !strings.Contains(err.Error(), "test.yaml") {
		t.Errorf("got %v", err)
	}
}
