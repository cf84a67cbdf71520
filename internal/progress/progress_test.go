package progress

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func TestLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	synctest.Test(t, func(t *testing.T) {
		d := New(out, "bench", "blocks")
		for i := range 14 {
			d.Show(i, 14, map[bool]string{true: "64 callers"}[i > 10])
			time.Sleep(time.Second)
		}
		d.End()
	})
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := "bench: 2 of 14 blocks\nbench: 12 of 14 blocks, 64 callers\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// /dev/null is a character device, as a terminal is.
func TestBar(t *testing.T) {
	out, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	synctest.Test(t, func(t *testing.T) {
		d := New(out, "bench", "blocks")
		d.Show(1, 10, "")
		if d.bar != nil {
			t.Error("a bar is shown at once")
		}
		time.Sleep(patience)
		d.Show(5, 10, "64 callers")
		if d.bar == nil || d.bar.State().CurrentNum != 5 {
			t.Error("no bar is shown that is half full")
		}
		d.End()
	})
}
