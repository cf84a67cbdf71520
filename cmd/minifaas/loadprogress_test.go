package main

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// TestShowWhile: whatever takes longer than two seconds shows something, whether anything
// is known of it or not, and also if nobody tells how it goes on.
func TestShowWhile(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	synctest.Test(t, func(t *testing.T) {
		var c counter
		stop := showWhile(out, "bench", "blocks", c.state("warming up"))
		time.Sleep(sayAfter + sayEvery + lookEvery)
		c.set(1, 5)
		time.Sleep(5 * time.Second)
		stop()
		showWhile(out, "bench", "blocks", c.state("never"))() // too short to be shown
	})
	got, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	if want := "bench: warming up, for 2s\nbench: warming up, for 12s\nbench: 1 of 5 blocks\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
