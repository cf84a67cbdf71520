package config

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

type app struct {
	LogLevel string
	Run      struct {
		Policy string        `default:"adaptive"`
		Nodes  int           `default:"2"`
		Wait   time.Duration `default:"1s"`
		Names  []string
	} `cmd:""`
	Other struct {
		Elsewhere int
		Nodes     int  `aliases:"machines"`
		Pool      bool `default:"true" negatable:""`
	} `cmd:""`
	Bench struct {
		Contest struct {
			Nodes  string `enum:"simulated,local" default:"simulated"`
			Rounds int
		} `cmd:""`
	} `cmd:"" settings:"own"`
}

func parse(t *testing.T, text string, args ...string) (app, *File) {
	t.Helper()
	return parseCommand(t, text, append([]string{"run"}, args...)...)
}

func parseCommand(t *testing.T, text string, args ...string) (app, *File) {
	t.Helper()
	file, err := Read(strings.NewReader(text), "test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var a app
	parser, err := kong.New(&a, Variables("TEST"), kong.Resolvers(file), kong.Writers(io.Discard, io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(args); err != nil {
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

func TestSectionsOfCommands(t *testing.T) {
	t.Setenv("TEST_POLICY", "of the platform")
	t.Setenv("TEST_BENCH_CONTEST_ROUNDS", "9")
	t.Setenv("TEST_ROUNDS", "none")
	const text = "run: {nodes: 3}\nnodes: 5\nother:\nbench:\n  contest:\n    nodes: local\n    rounds: 8\n"
	a, file := parse(t, text)
	if err := file.Faults(); err != nil {
		t.Fatal(err)
	}
	if a.Run.Nodes != 3 || a.Run.Policy != "of the platform" {
		t.Errorf("run got %+v: want its own nodes", a.Run)
	}
	if a, _ = parseCommand(t, text, "other"); a.Other.Nodes != 5 {
		t.Errorf("other got %+v: want the nodes of all", a.Other)
	}
	if a, _ = parseCommand(t, text, "bench", "contest"); a.Bench.Contest.Nodes != "local" || a.Bench.Contest.Rounds != 9 {
		t.Errorf("bench contest got %+v: want its section, and the variable that has its name", a.Bench.Contest)
	}
	if a, file = parseCommand(t, "other: {machines: 4}\n", "other"); a.Other.Nodes != 4 || file.Faults() != nil {
		t.Errorf("other got %+v, %v: want a flag's other name to do in its section", a.Other, file.Faults())
	}
	if a, _ = parseCommand(t, "nodes: 5\n", "bench", "contest"); a.Bench.Contest.Nodes != "simulated" {
		t.Errorf("bench contest got %+v: want nothing from the top", a.Bench.Contest)
	}
}

func TestFaultsOfSections(t *testing.T) {
	_, file := parse(t, "rounds: 3\nbench:\n  rounds: 3\n  contest: {rounds: few, policy: x, nodes: four}\nrun:\n  elsewhere: 1\n  nodes: 1\n  nodes: 2\nother: 7\n")
	got := file.Faults()
	if got == nil {
		t.Fatal("no faults")
	}
	for _, want := range []string{
		"test.yaml:1: rounds: it is a setting of bench contest: put it into a section of that name",
		"test.yaml:3: rounds: it is a setting of bench contest", "test.yaml:4: rounds: expected", `test.yaml:4: nodes: "four": want one of simulated, local`,
		"test.yaml:4: policy: no such setting; minifaas bench contest --help", "already defined at line 7", "test.yaml:9: other",
	} {
		if !strings.Contains(got.Error(), want) {
			t.Errorf("no %q in:\n%v", want, got)
		}
	}
	if n := strings.Count(got.Error(), "test.yaml:"); n != 7 {
		t.Errorf("%d faults, want 7:\n%v", n, got)
	}
}

func TestAnchoredSettings(t *testing.T) {
	const text = "run: &few {nodes: &n 3}\nnodes: *n\nother: *few\n"
	for _, command := range []string{"run", "other"} {
		a, file := parseCommand(t, text, command)
		if err := file.Faults(); err != nil || a.Run.Nodes != 3 && a.Other.Nodes != 3 {
			t.Errorf("%s: %+v, error %v", command, a, err)
		}
	}
}

func TestWhatToPutInPlaceOfIt(t *testing.T) {
	_, file := parse(t, "no-pool: true\nrun: [nodes]\nother: {no-pool: true}\nbench:\n  contest: {log-level: debug}\n")
	const want = "test.yaml:1: no-pool: want pool: false\n" +
		"test.yaml:2: run: it is a command: want its settings below it\n" +
		"test.yaml:3: no-pool: want pool: false\n" +
		"test.yaml:5: log-level: it is a setting of all commands: put it at the top"
	if err := file.Faults(); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func TestNotYAML(t *testing.T) {
	if _, err := Read(strings.NewReader("- a\n- b\n"), "test.yaml"); err == nil || !strings.Contains(err.Error(), "test.yaml") {
		t.Errorf("got %v", err)
	}
}
