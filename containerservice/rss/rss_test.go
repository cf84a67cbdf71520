package rss

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

const mib = 1 << 20

func TestPeakAndReset(t *testing.T) {
	m := NewMeter()
	p := m.Watch(os.Getpid())
	defer p.Forget()
	p.Reset()
	before := p.Peak()
	if before <= 0 {
		t.Skip("/proc does not tell")
	}
	// A mapping of its own, as the race detector shadows the heap.
	held, err := syscall.Mmap(-1, 0, 64*mib, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(held); i += 4096 {
		held[i] = 1
	}
	if err := syscall.Munmap(held); err != nil {
		t.Fatal(err)
	}
	if grown := p.Peak() - before; grown < 60*mib || grown > 90*mib {
		t.Errorf("peak grew by %d MiB for 64", grown/mib)
	}
	p.Reset()
	if left := p.Peak() - before; left > 30*mib {
		t.Errorf("after Reset the peak is still %d MiB higher", left/mib)
	}
}

func TestWithAddsUp(t *testing.T) {
	m := NewMeter()
	alone := m.With(nil, 0)
	if alone <= 0 {
		t.Fatalf("agent alone: %d", alone)
	}
	p := m.Watch(os.Getpid())
	if got := m.With(nil, 0); got < alone*3/2 {
		t.Errorf("with another as large as the agent: %d, alone %d", got, alone)
	}
	if got := m.With(p, 1<<40); got < 1<<40 || got > 1<<40+2*alone {
		t.Errorf("p counts with its peak alone: %d", got)
	}
	p.Forget()
	if got := m.With(nil, 0); got > alone*3/2 {
		t.Errorf("after Forget: %d, alone %d", got, alone)
	}
}

func TestProcessGone(t *testing.T) {
	c := exec.Command("sleep", "1000")
	if err := c.Start(); err != nil {
		t.Skip(err)
	}
	m := NewMeter()
	p := m.Watch(c.Process.Pid)
	defer p.Forget()
	_ = c.Process.Kill()
	_ = c.Wait()
	p.Reset()
	if p.Peak() != 0 || m.With(p, 0) <= 0 {
		t.Errorf("peak %d, with %d", p.Peak(), m.With(p, 0))
	}
}

func BenchmarkCall(b *testing.B) {
	m := NewMeter()
	p := m.Watch(os.Getpid())
	for b.Loop() {
		p.Reset()
		m.With(p, p.Peak())
	}
}
