package resident

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/minifaas/minifaas/containerservice/output"
	"github.com/minifaas/minifaas/containerservice/runtime"
)

// TestPeakOutlivesNextCall: what an invocation took is told it also where the next one begins
// before that has been read; the one after that begins anew.
func TestPeakOutlivesNextCall(t *testing.T) {
	pipe, out, err := output.NewPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	defer out.Close()
	w := newWorker(runtime.Function{})
	w.pipe = pipe
	w.memory.worker = w.memory.meter.Watch(os.Getpid()) // for a worker
	defer w.memory.worker.Forget()
	begin := func() *call {
		k, err := w.begin(runtime.Call{Timeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	w.memory.worker.Reset()
	if w.memory.worker.Peak() == 0 {
		t.Skip("/proc does not tell")
	}
	peak := func() int64 { return w.memory.meter.With(w.memory.worker, w.memory.worker.Peak()) }
	before := peak()
	first := begin()
	const taken = 64 << 20
	held, err := syscall.Mmap(-1, 0, taken, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_POPULATE)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Munmap(held); err != nil {
		t.Fatal(err)
	}
	time.Sleep(brief)
	w.finish(first.id, nil, nil)
	second := begin()
	w.measure(first)
	if first.result.PeakMemory-before < taken-taken/8 {
		t.Errorf("a peak of %d MiB more, want %d", (first.result.PeakMemory-before)>>20, taken>>20)
	}
	time.Sleep(brief)
	w.finish(second.id, nil, nil)
	w.measure(second)
	third := begin()
	w.finish(third.id, nil, nil)
	if grown := peak() - before; grown > taken/2 {
		t.Errorf("a later invocation begins with a peak of %d MiB more", grown>>20)
	}
}
