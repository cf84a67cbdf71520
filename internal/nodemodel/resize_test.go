package nodemodel

import (
	"testing"
	"time"
)

// TestResize: what a call has done so far it did with the old quota, and the rest it
// does with the new one.
func TestResize(t *testing.T) {
	m := New(Config{CPU: 4, Memory: 16 << 30})
	c := m.Create(0, 0, 1<<30, Creation{Memory: 8 << 20}) // 0.67 cores
	if !m.Resize(0, c, 1<<30) {
		t.Fatal("the size that it has is refused")
	}
	// 0.67 s of CPU: half of it takes 0.5 s, and the other half, at a third of a core, 1 s.
	if call := m.Invoke(0, c, 0, Work{CPU: 670 * time.Millisecond, Memory: 64 << 20}); call == nil {
		t.Fatal("no call in a container that is created")
	}
	if !m.Resize(500*time.Millisecond, c, 1<<29) {
		t.Fatal("shrinking to what is not in use is refused")
	}
	if m.Resize(500*time.Millisecond, c, 32<<20) {
		t.Error("shrunk to less than is in use")
	}
	m.Advance(500*time.Millisecond, nil) // that it is created
	at, due := m.Next()
	if want := 1500 * time.Millisecond; !due || at.Round(time.Microsecond) != want {
		t.Errorf("the call ends after %v, %v; want %v", at, due, want)
	}
	m.Advance(2*time.Second, nil)
	if !m.Resize(2*time.Second, c, 32<<20) {
		t.Error("shrinking an idle container is refused")
	}
	m.Invoke(2*time.Second, c, 1, Work{Memory: 64 << 20})
	if done := m.Advance(2*time.Second, nil); len(done) != 1 || done[0].Kind != OutOfMemory {
		t.Errorf("%+v; want the container to be over its new limit", done)
	}
	if m.Resize(3*time.Second, c, 1<<30) {
		t.Error("resized a container that is gone")
	}
}
