package main

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// simulate runs minifaas sim as a program of its own.
func simulate(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs strings.Builder
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", append([]string{"sim"}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

func TestSim(t *testing.T) {
	args := []string{"--length", "5s", "--policy", "baseline,adaptive", "--seed", "3", "-o", "json"}
	out, errs, err := simulate(t, args...)
	if err != nil {
		t.Fatalf("%v: %s", err, errs)
	}
	var got struct {
		Runs []struct {
			Policy      string
			Calls       int
			Seed        uint64
			Score       *float64 `json:"score_75_25"`
			HistoryHash string   `json:"history_hash"`
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Runs) != 2 || got.Runs[0].Policy != "baseline" || got.Runs[1].Policy != "adaptive" {
		t.Fatalf("runs: %+v", got.Runs)
	}
	if r := got.Runs[0]; r.Calls == 0 || r.Seed != 3 || r.Score == nil || *r.Score != 1 {
		t.Errorf("baseline: %+v", r)
	}
	if again, _, _ := simulate(t, args...); again != out {
		t.Errorf("the same seed gives another output:\n%s\n%s", out, again)
	}
}

func TestSimTable(t *testing.T) {
	out, errs, err := simulate(t, "--length", "2s", "--platform", "memory", "--memory-factor", "1.5", "--policy", "adaptive")
	if err != nil {
		t.Fatalf("%v: %s", err, errs)
	}
	if !strings.Contains(out, "contest-2020: 15 functions in 2s, seed 1") || !strings.Contains(out, "adaptive") {
		t.Error(out)
	}
}

// TestSimWeights: who counts memory for little holds more of it.
func TestSimWeights(t *testing.T) {
	memory := func(args ...string) float64 {
		out, errs, err := simulate(t, append(args, "--workload", "sparse", "--length", "5m", "--platform", "memory", "--policy", "adaptive", "-o", "json")...)
		if err != nil {
			t.Fatalf("%v: %s", err, errs)
		}
		var got struct {
			Runs []struct {
				Memory float64 `json:"normalized_memory"`
			}
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil || len(got.Runs) != 1 {
			t.Fatalf("%v: %s", err, out)
		}
		return got.Runs[0].Memory
	}
	thrifty, usual, lavish := memory("--resource-weight", "250"), memory(), memory("--resource-weight", "0.00025")
	if thrifty >= usual || usual >= lavish {
		t.Errorf("normalised memory %v, %v and %v at falling weights of memory, want them to rise", thrifty, usual, lavish)
	}
	if same := memory("--latency-weight", "0.75", "--resource-weight", "0.25"); same != usual {
		t.Errorf("normalised memory %v with the default weights given, %v without", same, usual)
	}
}

func TestSimFaults(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--policy clever", `policy "clever": unknown, there are`},
		{"--policy clairvoyant", "and oracle, oracle-seen"},
		{"--workload nowhere.csv", "no such file"},
		{"--policy baseline --latency-weight 1", "want --policy adaptive with them"},
		{"--latency-weight 0", "--latency-weight 0: want more than 0"},
		{"--resource-weight=-1", "resource weight: must be between 0 and 1e9, is -1"},
		{"--nodes 0", "nodes 0: want 1 or more"},
		{"--create-scale=-1", "--create-scale -1: want 0 to 1e6"},
		{"--slow-nodes 2", "share of slow nodes 2: want 0 to 1"},
		{"--concurrency=-1", "--concurrency -1: want 0 or more"},
		{"--memory-factor 2", "--memory-factor: want --platform memory with it"},
		{"--platform memory --memory-factor 2 --node-memory 1GiB", "want one of them"},
	} {
		_, errs, err := simulate(t, strings.Fields(c.args)...)
		if err == nil || !strings.Contains(errs, c.want) {
			t.Errorf("sim %s: %v, %s: want %q", c.args, err, errs, c.want)
		}
	}
}
