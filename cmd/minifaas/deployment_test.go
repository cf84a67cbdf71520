package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/minifaas/minifaas/internal/config"
)

// These tests hold docs/deployment.md and deploy/minifaas.service to the program.

const deploymentDoc = "../../docs/deployment.md"

// parse reads a command line, and the configuration file that it names, as the
// program does.
func parse(t *testing.T, args ...string) (*commands, *kong.Kong, *config.File) {
	t.Helper()
	c := &commands{}
	var file *config.File
	parser, err := kong.New(c, config.Variables("MINIFAAS"), helpVars, kong.Configuration(func(r io.Reader) (kong.Resolver, error) {
		var err error
		file, err = config.Read(r, string(c.Config))
		return file, err
	}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(args); err != nil {
		t.Fatalf("minifaas %s: %v", strings.Join(args, " "), err)
	}
	return c, parser, file
}

// TestEveryFlagOfUpIsDocumented compares the table with the flags: names,
// defaults and variables.
func TestEveryFlagOfUpIsDocumented(t *testing.T) {
	doc, err := os.ReadFile(deploymentDoc)
	if err != nil {
		t.Fatal(err)
	}
	type row struct{ value, variable string }
	documented := map[string]row{}
	for _, cells := range regexp.MustCompile("(?m)^\\| `--([a-z-]+)` \\| (.*?) \\| (.*?) \\|").FindAllStringSubmatch(string(doc), -1) {
		documented[cells[1]] = row{strings.Trim(cells[2], "`"), strings.Trim(cells[3], "`")}
	}
	_, parser, _ := parse(t, "up")
	for _, command := range parser.Model.Children {
		if command.Name != "up" {
			continue
		}
		for _, group := range command.AllFlags(true) {
			for _, flag := range group {
				if flag.Name == "help" {
					continue
				}
				want := row{flag.Default, flag.Envs[0]}
				if got, ok := documented[flag.Name]; !ok || got != want {
					t.Errorf("docs/deployment.md has for --%s %+v, want %+v", flag.Name, got, want)
				}
				delete(documented, flag.Name)
			}
		}
	}
	for name := range documented {
		t.Errorf("docs/deployment.md has --%s, which is no flag of minifaas up", name)
	}
}

// TestDocumentedConfiguration reads the example file, and sees that the
// environment wins over it and a flag over both.
func TestDocumentedConfiguration(t *testing.T) {
	doc, err := os.ReadFile(deploymentDoc)
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := bytes.Cut(doc, []byte("```yaml\n"))
	example, _, ended := bytes.Cut(after, []byte("```"))
	if !found || !ended {
		t.Fatal("docs/deployment.md has no example file")
	}
	path := filepath.Join(t.TempDir(), "minifaas.yaml")
	if err := os.WriteFile(path, example, 0o644); err != nil {
		t.Fatal(err)
	}
	c, _, file := parse(t, "--config="+path, "up")
	if err := file.Faults(); err != nil {
		t.Error(err)
	}
	if c.Up.Functions != "/srv/functions" || c.Up.Nodes != 4 || c.LogFormat != "json" {
		t.Errorf("read as functions %q, nodes %d, log format %q", c.Up.Functions, c.Up.Nodes, c.LogFormat)
	}
	t.Setenv("MINIFAAS_NODES", "5")
	if c, _, _ := parse(t, "--config="+path, "up"); c.Up.Nodes != 5 {
		t.Errorf("with MINIFAAS_NODES=5: %d nodes", c.Up.Nodes)
	}
	if c, _, _ := parse(t, "--config="+path, "up", "--nodes=6"); c.Up.Nodes != 6 {
		t.Errorf("with --nodes=6: %d nodes", c.Up.Nodes)
	}
}

// TestOneVariableOneMeaning: what several commands take from one variable, and so from the
// top of one file, is of one type for all of them.
func TestOneVariableOneMeaning(t *testing.T) {
	_, parser, _ := parse(t, "up")
	first := map[string]*kong.Flag{}
	compared := 0
	var compare func(command *kong.Node)
	compare = func(command *kong.Node) {
		for _, flag := range command.Flags {
			for _, variable := range flag.Envs {
				other, found := first[variable]
				first[variable] = flag
				if !found {
					continue
				}
				compared++
				if flag.Target.Type() != other.Target.Type() || flag.Enum != other.Enum {
					t.Errorf("%s is %v for --%s of %s, and %v elsewhere", variable, flag.Target.Type(), flag.Name, command.Path(), other.Target.Type())
				}
			}
		}
		for _, child := range command.Children {
			compare(child)
		}
	}
	compare(parser.Model.Node)
	if compared < 50 {
		t.Errorf("%d variables are shared: that is not all", compared)
	}
}

// TestOneFileServesAll: the settings of a platform are no faults of the commands that
// have others of these names, and are not theirs.
func TestOneFileServesAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "minifaas.yaml")
	const text = "functions: /srv/functions\nnodes: 4\npolicy: ttl-600\nport-base: 15000\nbench:\n  contest: {nodes: local}\nsim: {nodes: 7, policy: [baseline]}\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	read := func(args ...string) *commands {
		t.Helper()
		c, _, file := parse(t, append([]string{"--config=" + path}, args...)...)
		if err := file.Faults(); err != nil {
			t.Error(err)
		}
		return c
	}
	if c := read("up").Up; c.Nodes != 4 || c.Policy != "ttl-600" {
		t.Errorf("up has %d nodes, policy %s", c.Nodes, c.Policy)
	}
	if c := read("status").Status; c.PortBase != 15000 {
		t.Errorf("status asks at port base %d", c.PortBase)
	}
	if c := read("sim").Sim; c.Nodes != 7 || len(c.Policy) != 1 {
		t.Errorf("sim has %d nodes, policies %v", c.Nodes, c.Policy)
	}
	if c := read("bench", "contest").Bench.Contest; c.Nodes != "local" || c.PortBase != 0 || len(c.Policy) != 0 {
		t.Errorf("bench contest has nodes %s, policies %v, port base %d", c.Nodes, c.Policy, c.PortBase)
	}
	if c := read("bench", "coldpath").Bench.Coldpath; c.Functions != 1000 || c.Nodes != 500 || c.Policy != "ttl-60" {
		t.Errorf("bench coldpath has %d functions, %d nodes, policy %s", c.Functions, c.Nodes, c.Policy)
	}
}

func TestSystemdUnit(t *testing.T) {
	const path, program = "../../deploy/minifaas.service", "/usr/local/bin/minifaas"
	unit, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, setting := range []string{"Delegate=yes", "KillMode=mixed", "Restart=on-failure", "OOMPolicy=continue"} {
		if !bytes.Contains(unit, []byte("\n"+setting+"\n")) {
			t.Errorf("the unit does not set %s", setting)
		}
	}
	started := regexp.MustCompile(`(?m)^ExecStart=(\S+) --config=\S+ (.*)$`).FindSubmatch(unit)
	if started == nil || string(started[1]) != program {
		t.Fatalf("the unit does not start %s with its configuration", program)
	}
	parse(t, strings.Fields(string(started[2]))...)

	// It must not give rights that the container does without, nor lack one that it needs.
	rights := regexp.MustCompile(`(?m)^CapabilityBoundingSet=(.*)$`).FindSubmatch(unit)
	needed := "CAP_" + strings.Join(readCompose(t, "platform", nil).CapAdd, " CAP_")
	if rights == nil || string(rights[1]) != needed {
		t.Errorf("the unit's capabilities are not %s", needed)
	}

	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not here to verify the rest")
	}
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The program need not be installed where the unit expects it.
	copied := filepath.Join(t.TempDir(), "minifaas.service")
	if err := os.WriteFile(copied, bytes.ReplaceAll(unit, []byte(program), []byte(executable)), 0o644); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command(analyze, "verify", "--man=no", copied).CombinedOutput(); err != nil || bytes.Contains(output, []byte(copied)) {
		t.Errorf("systemd-analyze verify: %v\n%s", err, output)
	}
}
