package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestBenchCold starts few, of the two runtimes that need nothing installed.
func TestBenchCold(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root has a reserve of sandboxes")
	}
	var got struct {
		Runtimes []struct {
			Runtime             string
			N, Pooled, Failures int
			P50                 float64 `json:"p50_ms"`
			BareP50             float64 `json:"bare_p50_ms"`
			Ratio               float64
			Phases              map[string]float64 `json:"phases_ms"`
		}
		Whole struct {
			N      int
			Ratio  float64
			Phases map[string]float64 `json:"phases_ms"`
		}
		Notes   []string
		Partial bool
	}
	bench(t, &got, "cold --runtime native,wasm -n 2")
	if len(got.Runtimes) == 0 || got.Partial {
		t.Fatalf("%+v", got)
	}
	for _, r := range got.Runtimes { // wasm is left out where nothing compiles its bare program
		if r.N != 2 || r.Failures != 0 || r.P50 <= 0 || r.BareP50 <= 0 || r.Ratio <= 0 || r.Phases["import"] <= 0 || r.Phases["take"] <= 0 {
			t.Errorf("%+v", r)
		}
	}
	if w := got.Whole; w.N != 2 || w.Ratio <= 0 || w.Phases["decide"] <= 0 || w.Phases["import"] <= 0 {
		t.Errorf("whole calls: %+v", w)
	}
}

// TestBenchColdInterrupted: Ctrl-C gives what there is.
func TestBenchColdInterrupted(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root has a reserve of sandboxes")
	}
	folder := t.TempDir()
	if err := os.Chmod(filepath.Dir(folder), 0o755); err != nil { // for the containers' users
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "/proc/self/exe", "bench", "cold", "--runtime", "native", "-n", "100000", "-o", "json")
	command.Env = append(os.Environ(), "TMPDIR="+folder)
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the code is on the bench's node", func() bool {
		copies, _ := filepath.Glob(filepath.Join(folder, "*", "state", "nodes", "*", "code", "*", "hello"))
		return len(copies) > 0
	})
	_ = command.Process.Signal(syscall.SIGINT)
	if err := command.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var got struct{ Partial bool }
	if err := json.Unmarshal([]byte(stdout.String()), &got); err != nil || !got.Partial {
		t.Errorf("%s: %v, want a partial result", stdout.String(), err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestBenchColdFaults(t *testing.T) {
	for args, want := range map[string]string{
		"--runtime cobol": "--runtime cobol: want some of",
		"-n 0":            "--starts 0: want 1 to",
	} {
		out, err := exec.CommandContext(t.Context(), "/proc/self/exe", append([]string{"bench", "cold"}, strings.Fields(args)...)...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("bench cold %s: %v, %s: want %q", args, err, out, want)
		}
	}
}
