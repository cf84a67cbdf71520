package process

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	const ms = time.Millisecond
	b := backoff{min: 50 * ms, max: time.Second, healthy: 10 * time.Second}
	for i, step := range []struct{ uptime, want time.Duration }{
		{0, 50 * ms}, {0, 100 * ms}, {ms, 200 * ms}, {9 * time.Second, 400 * ms}, {0, 800 * ms}, {0, 1000 * ms}, {0, 1000 * ms},
		{10 * time.Second, 50 * ms}, {0, 100 * ms},
	} {
		if got := b.next(step.uptime); got != step.want {
			t.Errorf("death %d: wait %v, want %v", i, got, step.want)
		}
	}
}

func TestParseStat(t *testing.T) {
	line := "42 (a) b (c)) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2 3"
	got, err := parseStat([]byte(line))
	if want := (stat{state: 'S', parent: 7, start: 987654}); err != nil || got != want {
		t.Errorf("stat = %+v, %v, want %+v", got, err, want)
	}
	for _, bad := range []string{"", "42 (a) S 7", strings.Replace(line, "987654", "x", 1)} {
		if got, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("stat of %q = %+v", bad, got)
		}
	}
}

// awaitDeath, for kernels that have no better, does not wait for the zombie to be reaped.
func TestAwaitDeathByPolling(t *testing.T) {
	cmd := exec.Command("/bin/sh", "-c", "sleep 0.2")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	id, err := Identify(cmd.Process.Pid)
	if err != nil || !id.Alive() {
		t.Fatalf("identity %+v, %v, alive %v", id, err, id.Alive())
	}
	awaitDeath(id)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestLongLinesAreSplit(t *testing.T) {
	var out strings.Builder
	o := output{w: &out}
	o.copy("x", strings.NewReader(strings.Repeat("y", longestLine+1)))
	if got, want := out.Len(), longestLine+1+2*len("x | \n"); got != want {
		t.Errorf("%d bytes, want %d", got, want)
	}
}
