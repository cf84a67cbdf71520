package local

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLogTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	if got := logTail(path); got != "" {
		t.Errorf("tail of nothing: %q", got)
	}
	f, err := createLog(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := f.WriteString(strings.Repeat("a long line of words\n", 1000)); err != nil {
		t.Fatal(err)
	}
	got := logTail(path)
	if len(got) > tailBytes || !strings.HasPrefix(got, "a long") || !strings.HasSuffix(got, "words") {
		t.Errorf("tail of %d bytes: %q...", len(got), got[:20])
	}
}

// A log that is cut while its writer lives goes on at its start.
func TestTrimLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	f, err := createLog(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for _, size := range []int64{maxLog, maxLog + 1} {
		if err := f.Truncate(size); err != nil {
			t.Fatal(err)
		}
		trimLog(path)
		want := size
		if size > maxLog {
			want = 0
		}
		if st, err := f.Stat(); err != nil || st.Size() != want {
			t.Errorf("%d bytes are cut to %d, %v", size, st.Size(), err)
		}
	}
	if _, err := f.WriteString("on\n"); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "on\n" {
		t.Errorf("log %q", got)
	}
}
