// Command load uses what its event asks for: CPU, memory and time.
//
//	{"cpu_ms": 20, "sleep_ms": 100, "touch_mb": 16}
//
// It computes until the CPU clock of its thread has advanced by cpu_ms,
// then holds touch_mb MiB, every page of it touched, while it sleeps for sleep_ms. It
// answers what it measured: {"cpu_ms": 20.01, "slept_ms": 100.2, "touched_mb": 16}.
// Touching the memory costs CPU of its own, which cpu_ms does not contain.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"github.com/minifaas/minifaas/containerservice/native"
)

func main() { native.Serve(load) }

type request struct {
	CPUMS   float64 `json:"cpu_ms"`
	SleepMS float64 `json:"sleep_ms"`
	TouchMB float64 `json:"touch_mb"`
}

type reply struct {
	CPUMS     float64 `json:"cpu_ms"`
	SleptMS   float64 `json:"slept_ms"`
	TouchedMB float64 `json:"touched_mb"`
}

func load(ctx context.Context, event []byte) ([]byte, error) {
	var req request
	if err := json.Unmarshal(event, &req); err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	used, err := burn(ctx, milliseconds(req.CPUMS))
	if err != nil {
		return nil, err
	}
	held, err := touch(int(req.TouchMB * (1 << 20)))
	if err != nil {
		return nil, err
	}
	defer release(held)
	begun := time.Now()
	select {
	case <-time.After(milliseconds(req.SleepMS)):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return json.Marshal(reply{inMilliseconds(used), inMilliseconds(time.Since(begun)), float64(len(held)) / (1 << 20)})
}

// burn computes until the thread's CPU clock has advanced by d.
func burn(ctx context.Context, d time.Duration) (time.Duration, error) {
	if d <= 0 {
		return 0, nil
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begun := threadClock()
	x := uint64(1)
	for {
		for range 20_000 { // some ten microseconds
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
		}
		if used := threadClock() - begun; used >= d {
			runtime.KeepAlive(x)
			return used, nil
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
}

// threadClock reads the CPU time that the calling thread has used.
func threadClock() time.Duration {
	const threadCPU = 3 // CLOCK_THREAD_CPUTIME_ID
	var ts syscall.Timespec
	_, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, threadCPU, uintptr(unsafe.Pointer(&ts)), 0)
	if errno != 0 {
		panic(fmt.Sprintf("read thread's CPU clock: %v", errno))
	}
	return time.Duration(ts.Nano())
}

// touch takes memory from the kernel and not from the heap, so that it goes
// back when the call is over and not when the garbage collector next runs.
func touch(size int) ([]byte, error) {
	if size <= 0 {
		return nil, nil
	}
	b, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("take %d MiB: %w", size>>20, err)
	}
	for i := 0; i < len(b); i += os.Getpagesize() {
		b[i] = 1
	}
	return b, nil
}

func release(b []byte) {
	if b != nil {
		_ = syscall.Munmap(b)
	}
}

func milliseconds(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }

func inMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
