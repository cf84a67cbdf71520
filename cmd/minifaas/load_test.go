package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os/exec"
	"strings"
	"testing"
)

// bench runs minifaas bench as a program of its own, and reads the JSON that it prints.
func bench(t *testing.T, into any, args string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "/proc/self/exe", append([]string{"bench"}, strings.Fields(args+" -o json")...)...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		t.Fatalf("bench %s: %v\n%s", args, err, &stderr)
	}
	if err := json.Unmarshal(stdout.Bytes(), into); err != nil {
		t.Fatalf("bench %s: %v\n%s", args, err, &stdout)
	}
}

func TestBenchHotpath(t *testing.T) {
	var got struct {
		Points []struct {
			Callers       int
			PairsPerS     float64 `json:"pairs_per_s"`
			EchoPairsPerS float64 `json:"echo_pairs_per_s"`
			Ratio         float64
			P99US         float64 `json:"p99_us"`
			EchoP99US     float64 `json:"echo_p99_us"`
			P99Ratio      float64 `json:"p99_ratio"`
			SessionRatio  float64 `json:"session_ratio"`
		}
		GC     int `json:"gc_percent"`
		EchoGC int `json:"echo_gc_percent"`
	}
	bench(t, &got, "hotpath --callers 1,30 --rounds 2 --block 30ms")
	if len(got.Points) != 2 || got.GC != gcPercent || got.EchoGC != gcPercent {
		t.Fatalf("%+v", got)
	}
	for i, p := range got.Points {
		if p.Callers != []int{1, 30}[i] || p.PairsPerS <= 0 || p.EchoPairsPerS <= 0 || p.Ratio <= 0 || p.P99US <= 0 || p.EchoP99US <= 0 || p.P99Ratio <= 0 || p.SessionRatio <= 0 {
			t.Errorf("%+v", p)
		}
	}
}

// TestBenchColdpath ends the sweep after a rate that any machine bears: an answer may be half a
// second late, when the next call comes. The soak after it is not for as long as would tell anything.
func TestBenchColdpath(t *testing.T) {
	const args = "bench coldpath --nodes 12 --create-time 500ms --from 2 --to 2 --warm-up 980ms --window 1s --confirm 2s --soak 2s -o json"
	var got struct {
		Knee        float64 `json:"knee_creations_per_s"`
		P99         float64 `json:"acquire_p99_ms_at_knee"`
		Nodes       int
		NodesHeld   int     `json:"nodes_held"`
		KneeSeconds float64 `json:"knee_seconds"`
		Points      []struct {
			Calls, Failures, Warm int
			Offered               float64 `json:"offered_per_s"`
			Seconds               float64
			Held                  bool
		}
		Soak *struct {
			Calls, Failures int
			Memory          float64 `json:"memory_bytes"`
			Goroutines      float64
			OpenFiles       float64 `json:"open_files"`
			Services        []struct{ Name string }
		}
	}
	out, err := exec.CommandContext(t.Context(), "/proc/self/exe", strings.Fields(args)...).Output()
	if json.Unmarshal(out, &got) != nil {
		t.Fatalf("%v: %s", err, out) // in so short a soak something may well have grown
	}
	if got.Nodes != 12 || got.NodesHeld == 0 || len(got.Points) == 0 {
		t.Errorf("%s", out)
	}
	for _, p := range got.Points {
		if math.Abs(float64(p.Calls)-p.Offered*p.Seconds) >= 1 || p.Failures != 0 || p.Warm != 0 {
			t.Errorf("%+v", p)
		}
	}
	if s := got.Soak; got.Knee == 0 || got.P99 < 500 || s == nil || s.Calls < 2 || s.Failures != 0 || s.Memory < 1e6 || s.Goroutines < 10 || s.OpenFiles < 10 || len(s.Services) != 2 || got.KneeSeconds != 2 {
		t.Errorf("%s", out)
	}
}

func TestBenchLoadFaults(t *testing.T) {
	for args, want := range map[string]string{
		"hotpath --callers 0 --policy clever":       "--callers 0: want 1 to 1000",
		"hotpath --rounds 0":                        "--rounds 0: want 1 to 10000",
		"hotpath --block 99999h":                    "--block 99999h0m0s: want 1ms to 1h0m0s",
		"overhead --rounds 0":                       "--rounds 0: want 1 to 10000",
		"overhead --block=-1":                       "--block -1: want 1 to 1000000",
		"agreement --repetitions 99999999":          "--repetitions 99999999: want 1 to 1000",
		"coldpath --nodes 9999 --window=-1s":        "--nodes 9999: want 1 to 1000",
		"coldpath --memory 4GiB":                    "--memory 4GiB: want at most what a node offers, 3GiB",
		"coldpath --create-time 0s":                 "--create-time 0s: want 1ms to 1m0s",
		"coldpath --from 100 --to 50":               "--to 50: want 0 (no limit), or --from or more",
		"coldpath --to NaN":                         "--to NaN: want 0 (no limit), or --from or more",
		"coldpath --to Inf":                         "--to +Inf: want 0 (no limit), or --from or more, to 100000",
		"coldpath --from Inf":                       "--from +Inf: want 1 to 100000",
		"coldpath --from NaN":                       "--from NaN: want 1 to 100000",
		"coldpath --functions 999999999":            "--functions 999999999: want 1 to 100000",
		"coldpath --window 99999h":                  "--window 99999h0m0s: want 1ms to 24h0m0s",
		"coldpath --soak=-1s --warm-up=-1s":         "--soak -1s: want 0s to 24h0m0s",
		"scale --policy clever":                     `policy "clever": unknown`,
		"hotpath --endpoint 127.0.0.1:1 --rounds 1": "warm up: acquire container",
	} {
		out, err := exec.CommandContext(t.Context(), "/proc/self/exe", append([]string{"bench"}, strings.Fields(args)...)...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("bench %s: %v, %s: want %q", args, err, out, want)
		}
	}
}
