package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minifaas/minifaas/bench/contest"
	"github.com/minifaas/minifaas/bench/report"
)

// contestProgram is a contest of this program, with these arguments.
func contestProgram(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if testing.Short() {
		t.Skip("plays a workload")
	}
	cmd := exec.Command("/proc/self/exe", append([]string{"bench", "contest", "--grace", "1s", "-o", "json"}, args...)...)
	cmd.Env = append(os.Environ(), "MINIFAAS_CONTEST_TEST="+t.Name())
	return cmd
}

func runsOf(t *testing.T, cmd *exec.Cmd) map[string]report.ContestRun {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	return readRuns(t, &stdout)
}

func readRuns(t *testing.T, stdout *bytes.Buffer) map[string]report.ContestRun {
	t.Helper()
	runs, err := report.ReadContest(stdout)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]report.ContestRun{}
	for _, r := range runs {
		byName[r.Scheduler] = r
	}
	return byName
}

// TestContest: our scheduler takes part, the example of docs/benchmark.md, and one
// that dies under the load.
func TestContest(t *testing.T) {
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	dying := filepath.Join(folder, "dying.sh")
	// The contest's environment is all that the scheduler knows of the platform.
	text := executable + " scheduler --policy baseline & sleep 3; kill -9 $!; echo the end is near; exit 3\n"
	if err := os.WriteFile(dying, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	raw, page := filepath.Join(folder, "raw"), filepath.Join(folder, "report.html")
	args := []string{"--length", "4s", "--policy", "adaptive", "--command", "sh " + dying, "--raw", raw, "--html", page}
	schedulers := 3
	if example := exampleScheduler(t); example != "" {
		args, schedulers = append(args, "--command", example), schedulers+1
	}
	runs := runsOf(t, contestProgram(t, args...))
	baseline, adaptive, dead := runs["baseline"], runs["adaptive"], runs["dying.sh"]
	if len(runs) != schedulers || baseline.Main == nil || *baseline.Main != 1 {
		t.Fatalf("runs of %d schedulers; the baseline scores %v", len(runs), baseline.Main)
	}
	for name, r := range runs {
		counted := 0
		for _, f := range r.Functions {
			counted += f.Calls
		}
		cold := 0
		for _, n := range r.ColdCauses {
			cold += n
		}
		if r.Calls != baseline.Calls || counted != r.Calls || cold != r.ColdStarts || r.Partial || r.Main == nil || len(r.Series.Nodes) < 10 {
			t.Errorf("%s: %d calls, %d by function, %d cold starts, %d by cause, partial %v, score %v: %s", name, r.Calls, counted, r.ColdStarts, cold, r.Partial, r.Main, r.Problem)
		}
		rows, err := os.ReadFile(filepath.Join(raw, name+"-0.csv"))
		if n := bytes.Count(rows, []byte("\n")); err != nil || n != r.Calls+1 {
			t.Errorf("%s: %d raw records, %v", name, n-1, err)
		}
	}
	if p := adaptive.Process; adaptive.Failures != 0 || p == nil || p.CPUSeconds <= 0 || p.PeakRSSMB < 5 || p.Exit != "" {
		t.Errorf("adaptive: %d failures, process %+v", adaptive.Failures, p)
	}
	if adaptive.ContainersCreated == 0 || adaptive.NodeSeconds <= 0 || adaptive.ColdStarts == 0 {
		t.Errorf("adaptive: %d containers, %v node-seconds, %d cold starts", adaptive.ContainersCreated, adaptive.NodeSeconds, adaptive.ColdStarts)
	}
	if dead.ByKind["SchedulerGone"] == 0 || dead.Process.Exit != "exit status 3" || !strings.Contains(dead.Troubles[0].First, "the end is near") {
		t.Errorf("dying: failures %v, exit %q, troubles %v", dead.ByKind, dead.Process.Exit, dead.Troubles)
	}
	if r := runs["scheduler.py"]; schedulers == 4 && (r.Failures != 0 || len(r.Troubles) != 0) {
		t.Errorf("the example: %d of %d calls failed, troubles %v", r.Failures, r.Calls, r.Troubles)
	}
	if html, err := os.ReadFile(page); err != nil || !bytes.Contains(html, []byte("dying.sh")) {
		t.Errorf("the page: %d bytes, %v", len(html), err)
	}
}

// exampleScheduler is the command that starts it; empty where it can't run.
func exampleScheduler(t *testing.T) string {
	t.Helper()
	const python = "/usr/bin/python3" // Debian's, with its packages
	if exec.Command(python, "-c", "import grpc, grpc_tools").Run() != nil {
		t.Log("python3-grpcio and python3-grpc-tools are not installed: the example is left out")
		return ""
	}
	file, err := filepath.Abs("../../bench/contest/example/scheduler.py")
	if err != nil {
		t.Fatal(err)
	}
	return python + " " + file
}

// TestSchedulerThatDoesNotStart is a result at once, not after the load.
func TestSchedulerThatDoesNotStart(t *testing.T) {
	workload := smallWorkload(t)
	p := startContest(t, workload, "")
	who := contestant{name: "broken", command: "echo no such config >&2; exit 1"}
	command, err := who.start(p, filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	run := playContest(t, p, workload, contest.Config{Name: who.name, Endpoint: p.endpoint(schedulerPort), Command: command})
	if run.Calls != 8 || run.Failures != 8 || run.DurationSeconds != 0 || run.Process.Exit != "exit status 1" {
		t.Errorf("%d calls, %d failures in %v s, exit %q", run.Calls, run.Failures, run.DurationSeconds, run.Process.Exit)
	}
	if first := run.Troubles[0]; first.Kind != "it did not start" || !strings.Contains(first.First, "no such config") {
		t.Errorf("trouble %+v", first)
	}
}

// TestContestInterrupted: Ctrl-C gives what there is, marked, and leaves nothing behind.
func TestContestInterrupted(t *testing.T) {
	cmd := contestProgram(t, "--length", "1m", "--policy", "baseline", "--command", "trap '' TERM; sleep 1000 & wait")
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if strings.Contains(lines.Text(), " calls ended") { // the first such line comes ten seconds on
			_ = cmd.Process.Signal(syscall.SIGINT)
			break
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Kill()
		t.Fatal("it does not end")
	}
	runs := readRuns(t, &stdout)
	if r := runs["baseline"]; len(runs) != 1 || !r.Partial || r.Calls == 0 || r.Problem == "" {
		t.Errorf("%d runs, partial %v, %d calls, problem %q", len(runs), r.Partial, r.Calls, r.Problem)
	}
	// All of them were started with the test's name in their environment.
	if left := processesOf("MINIFAAS_CONTEST_TEST=" + t.Name()); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestContestants(t *testing.T) {
	for want, c := range map[string]contestCommand{
		"baseline adaptive": {},
		"adaptive":          {NoBaseline: true},
		"ttl-600 baseline":  {Policy: []string{"ttl-600", "baseline"}},
		"scheduler.py scheduler.py-2 10.0.0.1:70": {Baseline: "earlier.json", Command: []string{"python3 a/scheduler.py --fast", "python3 b/scheduler.py"}, Scheduler: []string{"10.0.0.1:70"}},
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
	good := contestCommand{Repeats: 1, Nodes: "simulated", Available: 1, MaxNodes: 1, CreateScale: 1, TimeScale: 1}
	for want, change := range map[string]func(*contestCommand){
		"":                               func(*contestCommand) {},
		"no-such":                        func(c *contestCommand) { c.Policy = []string{"no-such"} },
		"want --port-base with it":       func(c *contestCommand) { c.Scheduler = []string{"h:1"} },
		"want --repeats 1 with it":       func(c *contestCommand) { c.Scheduler, c.PortBase, c.Repeats = []string{"h:1"}, 20000, 2 },
		"--repeats 0":                    func(c *contestCommand) { c.Repeats = 0 },
		"--grace -1s":                    func(c *contestCommand) { c.Grace = -time.Second },
		"want one of them":               func(c *contestCommand) { c.NoBaseline, c.Baseline = true, "f" },
		"want --nodes simulated":         func(c *contestCommand) { c.Nodes, c.TimeScale = "local", 2 },
		"--max-nodes 101: want 1 to 100": func(c *contestCommand) { c.Nodes, c.MaxNodes = "local", 101 },
	} {
		c := good
		change(&c)
		err := check(nil, c.faults()...)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("got %v, want %q", err, want)
		}
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
