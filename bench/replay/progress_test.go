package replay

import (
	"os"
	"strings"
	"testing"
)

func TestProgressIsLinesWhereThereIsNoTerminal(t *testing.T) {
	w := workload(t, "0,f,1,1")
	tally := newTally(w, nil)
	tally.sent()
	tally.sent()
	tally.add(0, Record{Error: "Timeout"})
	var out strings.Builder
	showProgress(&out, tally, 3)()
	if got, want := out.String(), "replay: 1 of 3 calls ended, 1 in flight, 1 failed\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	showProgress(nil, tally, 3)()
}

func TestProgressBar(t *testing.T) {
	var out strings.Builder
	d := bar(&out, 4)
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
