package replay

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestProgressIsLinesWhereThereIsNoTerminal(t *testing.T) {
	var out strings.Builder
	r := newRun(Config{Workload: workload(t, "0,f,1,1"), Progress: &out, Label: "ours"}, nil)
	r.showProgress(3, time.Now().Add(time.Hour))()
	r.tally.sent()
	r.tally.sent()
	r.tally.add(Record{Error: "Timeout", Sent: true})
	r.showProgress(3, time.Now())()
	want := "ours: the first of 3 calls comes in 1h0m0s\nours: 1 of 3 calls ended, 1 in flight, 1 failed\n"
	if got := out.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	r.cfg.Progress = nil
	r.showProgress(3, time.Now())()
}

func TestProgressBar(t *testing.T) {
	var out strings.Builder
	d := bar(&out, "ours", 4)
	d.show(progress{ended: 2, failed: 1, inFlight: 1})
	d.end()
	if !strings.Contains(out.String(), "1 in flight, 1 failed") || !strings.Contains(out.String(), "2/4") {
		t.Errorf("got %q", out.String())
	}
	file, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if isTerminal(file) || isTerminal(&out) {
		t.Error("a file or a buffer counts as a terminal")
	}
}
