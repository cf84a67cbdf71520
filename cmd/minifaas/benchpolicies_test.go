package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// benchPolicies runs minifaas bench policies as a program of its own.
func benchPolicies(t *testing.T, args ...string) (output string, err error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "/proc/self/exe", append([]string{"bench", "policies"}, args...)...).CombinedOutput()
	return string(out), err
}

func TestBenchPolicies(t *testing.T) {
	docs, cache := t.TempDir(), t.TempDir()
	args := []string{
		"--source", filepath.Join("..", ".."), "--docs", docs, "--cache", cache,
		"--policy", "lru", "--seeds", "1", "--length", "1s",
	}
	out, err := benchPolicies(t, args...)
	if err != nil || !strings.Contains(out, ", 0 of them kept from before") {
		t.Fatalf("%v: %s", err, out)
	}
	first, err := os.ReadFile(filepath.Join(docs, "policies.md"))
	if err != nil {
		t.Fatal(err)
	}
	out, err = benchPolicies(t, args...)
	if all := regexp.MustCompile(`(\d+) simulations, (\d+) of`).FindStringSubmatch(out); err != nil || all == nil || all[1] != all[2] {
		t.Errorf("the second run has something to play: %v: %s", err, out)
	}
	if again, _ := os.ReadFile(filepath.Join(docs, "policies.md")); string(again) != string(first) {
		t.Error("the same simulations make another page")
	}
}

func TestBenchPoliciesFaults(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--policy clever", `policy "clever": unknown`},
		{"--seeds=-1", "--seeds -1: want 0 or more"},
		{"--length=-1s", "--length -1s: want 0 or more"},
		{"--source nowhere", "run it in the root of the module"},
		{"--source ../.. --traces nowhere", "nowhere: no such file or directory"},
	} {
		out, err := benchPolicies(t, strings.Fields(c.args)...)
		if err == nil || !strings.Contains(out, c.want) {
			t.Errorf("bench policies %s: %v, %s: want %q", c.args, err, out, c.want)
		}
	}
}
