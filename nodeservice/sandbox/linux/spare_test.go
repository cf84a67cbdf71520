package linux

import (
	"testing"
	"time"
)

// TestSpare: a busy host has no time, until its CPUs have been idle for half of one.
func TestSpare(t *testing.T) {
	idle, told := idleTime()
	if !told || idle <= 0 {
		t.Fatalf("idle for %v, %v", idle, told)
	}
	ago := func(d time.Duration) time.Time { return time.Now().Add(-d) }
	s := spare{at: ago(time.Second), idle: idle}
	if s.now() {
		t.Error("a host that has not been idle for a second has time")
	}
	s.idle -= time.Hour
	if s.now() {
		t.Error("it was looked at again at once")
	}
	s.at = ago(time.Second)
	if !s.now() {
		t.Error("a host that was idle has no time")
	}
}
