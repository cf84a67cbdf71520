package main

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

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
	if !strings.HasPrefix(stdout.String(), `{"partial":true,`) {
		t.Errorf("the contest is not marked as partial: %.60s", &stdout)
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

// TestContestAbandoned: a second signal cuts the stopping short, and what has been played
// is reported all the same. A terminal that is gone is a signal like Ctrl-C.
func TestContestAbandoned(t *testing.T) {
	cmd := contestProgram(t, "--length", "4s", "--policy", "baseline", "--command", "trap '' TERM; sleep 1000 & wait")
	cmd.Env = append(cmd.Env, "TMPDIR="+t.TempDir()) // nobody removes the folder that it makes
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	said := ""
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said = lines.Text()
		if strings.HasPrefix(said, "trap, 1 of 1:") {
			_ = cmd.Process.Signal(syscall.SIGINT)
			_ = cmd.Process.Signal(syscall.SIGHUP)
		}
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(said, "stopped at once by a second signal") {
		t.Errorf("it ends with %v, and says %q", err, said)
	}
	if !strings.HasPrefix(stdout.String(), `{"partial":true,`) {
		t.Fatalf("the contest is not marked as partial: %.60s", &stdout)
	}
	runs := readRuns(t, &stdout)
	if r := runs["baseline"]; len(runs) != 1 || r.Partial || r.Main == nil || *r.Main != 1 {
		t.Errorf("%d runs, partial %v, score %v: %s", len(runs), r.Partial, r.Main, r.Problem)
	}
	mark := "MINIFAAS_CONTEST_TEST=" + t.Name()
	eventually(t, "the end of everything", func() bool { return len(processesOf(mark)) == 0 })
}

// TestLateError: what fails in the second run takes neither that with it, nor the first one.
func TestLateError(t *testing.T) {
	raw := t.TempDir()
	if err := os.Symlink("/dev/full", filepath.Join(raw, "adaptive-0.csv")); err != nil {
		t.Fatal(err)
	}
	cmd := contestProgram(t, "--length", "4s", "--policy", "baseline,adaptive,ttl-600", "--raw", raw)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err == nil || !strings.Contains(stderr.String(), "no space left on device") {
		t.Errorf("%v, %s", err, &stderr)
	}
	if !strings.HasPrefix(stdout.String(), `{"partial":true,`) {
		t.Fatalf("the contest is not marked as partial: %.60s", &stdout)
	}
	runs := readRuns(t, &stdout)
	for _, name := range []string{"baseline", "adaptive"} {
		r := runs[name]
		last := append([]string{""}, r.Notes...)[len(r.Notes)]
		if r.Partial || r.Main == nil || !strings.HasPrefix(last, "PARTIAL: 2 of 3 runs were played: adaptive, 1 of 1: ") {
			t.Errorf("%s: partial %v, score %v, note %q", name, r.Partial, r.Main, last)
		}
	}
}

// TestContestKilled: kill -9 leaves nothing of the platform, nor of a scheduler that
// ignores signals and has left its group.
func TestContestKilled(t *testing.T) {
	const stubborn = `trap "" TERM; while :; do sleep 1000; done`
	cmd := contestProgram(t, "--length", "1m", "--no-baseline", "--command", stubborn+" & setsid sh -c '"+stubborn+"' & wait")
	cmd.Env = append(cmd.Env, "TMPDIR="+t.TempDir()) // nobody removes the folder that it makes
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	mark := "MINIFAAS_CONTEST_TEST=" + t.Name()
	const all = 9 // the contest, its two services, the guard, three shells and two sleeps
	eventually(t, "the start of everything", func() bool { return len(processesOf(mark)) >= all })
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	eventually(t, "the end of everything", func() bool { return len(processesOf(mark)) == 0 })
}

// TestPlatformDies: a run in which the bench's own platform failed is no result, and says why.
func TestPlatformDies(t *testing.T) {
	cmd := contestProgram(t, "--length", "1m", "--policy", "baseline")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	eventually(t, "the APIServer and the scheduler", func() bool {
		services := servicesOf(cmd.Process.Pid)
		return services["apiserver"] != 0 && services["scheduler"] != 0
	})
	kill(t, servicesOf(cmd.Process.Pid)["apiserver"])
	if err := cmd.Wait(); err == nil {
		t.Error("it ends as if all was well")
	}
	const want = "the bench's own platform failed: the service apiserver died (signal: killed)"
	if r := readRuns(t, &stdout)["baseline"]; !r.Partial || r.PlatformFailure != want || r.DurationSeconds > 50 {
		t.Errorf("partial %v after %v s, failure %q; want %q", r.Partial, r.DurationSeconds, r.PlatformFailure, want)
	}
	if !strings.Contains(stderr.String(), "play them again") {
		t.Errorf("it does not say what to do: %s", &stderr)
	}
}

// servicesOf are the pids of a process's children, by their subcommand of minifaas.
func servicesOf(pid int) map[string]int {
	found := map[string]int{}
	for _, child := range childrenOf(pid) {
		command, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(child), "cmdline"))
		for _, word := range strings.Split(string(command), "\x00")[1:] {
			if word != "" && !strings.HasPrefix(word, "-") {
				found[word] = child
				break
			}
		}
	}
	return found
}
