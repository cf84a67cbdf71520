package main

import (
	"encoding/json"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
)

// shadows runs minifaas shadow as a program of its own.
func shadows(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs strings.Builder
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", append([]string{"shadow"}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// TestShadows: the calls of a real platform are those of its shadows.
func TestShadows(t *testing.T) {
	p := startTest(t, "", func(cfg *platformConfig) {
		cfg.policy.Policy = "ttl-600"
		cfg.shadows = shadowFlags{Shadow: []string{"baseline"}, ShadowNodes: 1, ShadowAvailable: 1, ShadowCPU: 2}
	})
	client := apiserverpb.NewAPIServerClient(connect(t, p, apiserverPort))
	const calls = 5
	for range calls {
		if _, err := client.InvokeFunction(t.Context(), &apiserverpb.InvokeFunctionRequest{FunctionName: "hello", Event: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	base := []string{"--port-base", strconv.Itoa(p.cfg.portBase)}
	type run struct {
		Policy, Kind string
		Calls        int
		ColdStarts   int     `json:"cold_starts"`
		NodeSeconds  float64 `json:"node_seconds"`
	}
	var got struct{ Runs []run }
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.After(30 * time.Second); ; {
		out, errs, err := shadows(t, append(base, "-o", "json")...)
		if err == nil {
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatal(err)
			}
			if len(got.Runs) == 3 && got.Runs[0].Calls == calls && got.Runs[2].Calls == calls {
				break
			}
		}
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("after 30 s: %v, %s, runs %+v", err, errs, got.Runs)
		}
	}
	for i, want := range []run{{Policy: "ttl-600", Kind: "live"}, {Policy: "ttl-600", Kind: "control"}, {Policy: "baseline", Kind: "shadow"}} {
		r := got.Runs[i]
		if r.Policy != want.Policy || r.Kind != want.Kind || r.ColdStarts != 1 || r.NodeSeconds <= 0 {
			t.Errorf("run %d: %+v, want %s, %s, one cold start, and nodes", i, r, want.Policy, want.Kind)
		}
	}
	if out, errs, err := shadows(t, base...); err != nil || !strings.Contains(out, "trust: the control is ttl-600 simulated") {
		t.Errorf("%v: %s%s", err, out, errs)
	}
}

func TestShadowFaults(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"up --shadow clever", `policy "clever": unknown`},
		{"up --shadow baseline,baseline", "shadow policy baseline: named twice"},
		{"up --shadow baseline --scheduler-endpoint 127.0.0.1:1", "the scheduler runs elsewhere"},
		{"up --shadow baseline --simulated --time-scale 2", "leave --time-scale at 1"},
		{"scheduler --shadow baseline", "want --metrics-address with it"},
		{"scheduler --shadow baseline --metrics-address 127.0.0.1:1 --shadow-nodes 0", "nodes of shadows 0: want 1 or more"},
	} {
		var errs strings.Builder
		cmd := exec.CommandContext(t.Context(), "/proc/self/exe", strings.Fields(c.args)...)
		cmd.Stderr = &errs
		if err := cmd.Run(); err == nil || !strings.Contains(errs.String(), c.want) {
			t.Errorf("%s: %v, %s: want %q", c.args, err, &errs, c.want)
		}
	}
}

// TestNoShadows: the error says how to get some.
func TestNoShadows(t *testing.T) {
	p := startTest(t, "", nil)
	_, errs, err := shadows(t, "--port-base", strconv.Itoa(p.cfg.portBase))
	if err == nil || !strings.Contains(errs, "no shadows run there: start minifaas up or minifaas scheduler with --shadow") {
		t.Errorf("%v: %s", err, errs)
	}
	_, errs, err = shadows(t, "--endpoint", p.endpoint(apiserverPort), "--port-base", strconv.Itoa(p.cfg.portBase))
	if err == nil || strings.Contains(errs, `\x00`) || !strings.Contains(errs, "127.0.0.1:"+strconv.Itoa(p.cfg.portBase+metricsPort)) {
		t.Errorf("%v: %s: want the endpoint of metrics", err, errs)
	}
	_, errs, err = shadows(t, "--endpoint", "127.0.0.1:1")
	if err == nil || !strings.Contains(errs, "is minifaas up running?") {
		t.Errorf("%v: %s", err, errs)
	}
}
