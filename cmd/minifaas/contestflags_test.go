package main

import (
	"math"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

func TestContestants(t *testing.T) {
	for want, c := range map[string]contestCommand{
		"baseline adaptive": {},
		"adaptive":          {NoBaseline: true},
		"ttl-600 baseline":  {Policy: []string{"ttl-600", "baseline"}},
		"scheduler.py scheduler.py-2 10.0.0.1:70": {Baseline: "earlier.json", Command: []string{"python3 a/scheduler.py --fast", "python3 b/scheduler.py"}, Scheduler: []string{"10.0.0.1:70"}},
		`mi\x1bne`:      {NoBaseline: true, Command: []string{"./mi\x1bne"}},
		"mine run java": {NoBaseline: true, Command: []string{"./mine --level 3", "exec /opt/run", "java Scheduler"}},
	} {
		var names []string
		for _, who := range c.contestants() {
			names = append(names, who.name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestContestFaults(t *testing.T) {
	good := contestCommand{Repeats: 1, Patience: time.Second, Nodes: "simulated", Available: 1, MaxNodes: 1, CreateScale: 1, TimeScale: 1}
	for want, change := range map[string]func(*contestCommand){
		"":                                     func(*contestCommand) {},
		"no-such":                              func(c *contestCommand) { c.Policy = []string{"no-such"} },
		"want --port-base with it":             func(c *contestCommand) { c.Scheduler = []string{"h:1"} },
		"want --repeats 1 with it":             func(c *contestCommand) { c.Scheduler, c.PortBase, c.Repeats = []string{"h:1"}, 20000, 2 },
		"--repeats 0: want 1 to 1000":          func(c *contestCommand) { c.Repeats = 0 },
		"--grace -1s: want 0s to 24h":          func(c *contestCommand) { c.Grace = -time.Second },
		"--grace 25h":                          func(c *contestCommand) { c.Grace = 25 * time.Hour },
		"--warm-up -1s":                        func(c *contestCommand) { c.WarmUp = -time.Second },
		"--patience -1s: want 0s to 24h":       func(c *contestCommand) { c.Patience = -time.Second },
		"--policy baseline: it is there twice": func(c *contestCommand) { c.Policy = []string{"baseline", "adaptive", "baseline"} },
		"--scheduler 127.0.0.1:99999: want HOST:PORT": func(c *contestCommand) { c.Scheduler = []string{"127.0.0.1:99999"} },
		"--scheduler :: want HOST:PORT":               func(c *contestCommand) { c.Scheduler = []string{":"} },
		"--scheduler :7000: want HOST:PORT":           func(c *contestCommand) { c.Scheduler = []string{":7000"} },
		"--scheduler h:0: want HOST:PORT":             func(c *contestCommand) { c.Scheduler = []string{"h:0"} },
		"--refill 25h":                                func(c *contestCommand) { c.Refill = 25 * time.Hour },
		"--available 2: want 0 to 1":                  func(c *contestCommand) { c.Available = 2 },
		"--command \" \": want the line":              func(c *contestCommand) { c.Command = []string{" "} },
		"--time-scale NaN":                            func(c *contestCommand) { c.TimeScale = math.NaN() },
		"--create-scale +Inf":                         func(c *contestCommand) { c.CreateScale = math.Inf(1) },
		"want one of them":                            func(c *contestCommand) { c.NoBaseline, c.Baseline = true, "f" },
		"want --nodes simulated":                      func(c *contestCommand) { c.Nodes, c.TimeScale = "local", 2 },
		"--max-nodes 101: want 1 to 100":              func(c *contestCommand) { c.Nodes, c.MaxNodes = "local", 101 },
	} {
		c := good
		change(&c)
		err := check(nil, c.faults()...)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestContestBadLines: faults that only show when the workload is open, or on the command line.
func TestContestBadLines(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--length", "10s", "--warm-up", "10s"}, "--warm-up 10s: want less than the length of the load, 10s"},
		{[]string{"--command", ""}, `--command "": want the line`},
	} {
		out, err := exec.Command("/proc/self/exe", append([]string{"bench", "contest"}, test.args...)...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), test.want) {
			t.Errorf("%q: %v, %s: want %q", test.args, err, out, test.want)
		}
	}
}

// TestContestLine: the command that a report tells is understood as what was played.
func TestContestLine(t *testing.T) {
	workload := smallWorkload(t)
	workload.Seed = 7
	c := contestCommand{
		workloadFlags: workloadFlags{Workload: "a day.csv", Length: time.Minute}, NoBaseline: true,
		Command: []string{`python3 'my scheduler.py' --port "$SERVICE_PORT"`}, Repeats: 3, Grace: 45 * time.Second, WarmUp: 10 * time.Second, Patience: 65 * time.Second,
		Nodes: "simulated", Available: 5, MaxNodes: 9, Refill: 1500 * time.Millisecond, CreateScale: 0.25, TimeScale: 2, HTML: "report.html",
	}
	line := c.line(workload)
	out, err := exec.Command("/bin/sh", "-c", `minifaas() { shift 2; printf '%s\n' "$@"; }; `+line).Output()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	var again struct {
		Contest contestCommand `embed:""`
	}
	parser, err := kong.New(&again, helpVars)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	c.Seed, c.Output, c.Isolation = 7, "table", "auto"
	if diff := cmp.Diff(c, again.Contest, cmp.AllowUnexported(contestCommand{})); diff != "" {
		t.Errorf("%s is not what was played (-want +got):\n%s", line, diff)
	}
}

// TestPortBase: a scheduler that runs already never sees the platform of another.
func TestPortBase(t *testing.T) {
	elsewhere, ours := contestant{endpoint: "h:1"}, contestant{policy: "adaptive"}
	for _, test := range []struct {
		base            int
		scheduler       []string
		elsewhere, ours int
	}{{0, nil, 0, 0}, {20000, nil, 20000, 20000}, {20000, []string{"h:1"}, 20000, 21000}, {64000, []string{"h:1"}, 64000, 63000}} {
		c := contestCommand{PortBase: test.base, Scheduler: test.scheduler}
		if a, b := c.portBase(elsewhere), c.portBase(ours); a != test.elsewhere || b != test.ours {
			t.Errorf("base %d, schedulers %v: %d and %d", test.base, test.scheduler, a, b)
		}
	}
}
