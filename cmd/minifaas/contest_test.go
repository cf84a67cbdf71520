package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

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

// TestContest: our scheduler takes part, and one that dies under the load.
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
	runs := runsOf(t, contestProgram(t, "--length", "4s", "--policy", "adaptive", "--command", "sh "+dying, "--raw", raw, "--html", page))
	baseline, adaptive, dead := runs["baseline"], runs["adaptive"], runs["dying.sh"]
	if len(runs) != 3 || baseline.Main == nil || *baseline.Main != 1 {
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
	if html, err := os.ReadFile(page); err != nil || !bytes.Contains(html, []byte("dying.sh")) {
		t.Errorf("the page: %d bytes, %v", len(html), err)
	}
}

// TestExampleScheduler: that of docs/benchmark.md serves a slice of the contest, and gets a score.
func TestExampleScheduler(t *testing.T) {
	const python = "/usr/bin/python3" // Debian's, with its packages
	if exec.Command(python, "-c", "import grpc, grpc_tools").Run() != nil {
		t.Skip("install python3-grpcio and python3-grpc-tools to test the example scheduler")
	}
	file, err := filepath.Abs("../../bench/contest/example/scheduler.py")
	if err != nil {
		t.Fatal(err)
	}
	r := runsOf(t, contestProgram(t, "--length", "4s", "--command", python+" "+file))["scheduler.py"]
	if r.Calls == 0 || r.Failures != 0 || len(r.Troubles) != 0 || r.Main == nil || *r.Main <= 0 {
		t.Errorf("%d of %d calls failed, score %v %s, troubles %v", r.Failures, r.Calls, r.Main, r.Problem, r.Troubles)
	}
	text, err := os.ReadFile(file)
	if lines := bytes.Count(text, []byte("\n")); err != nil || lines > 60 {
		t.Errorf("it has %d lines, %v: as an example it is to have 60 at most", lines, err)
	}
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
