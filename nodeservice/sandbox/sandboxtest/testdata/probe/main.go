// Command probe is the function work of package sandboxtest: it does what its
// event says, or tries what a function must not be able to do and reports how that went.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/containerservice/native"
)

type event struct {
	CPU      int64  `json:"cpu_ms"`
	Sleep    int64  `json:"sleep_ms"`
	Touch    int64  `json:"touch_mb"`
	Error    string `json:"error"`
	Stubborn bool   `json:"stubborn"`
	Do       string `json:"do"`
}

func main() {
	native.Serve(func(ctx context.Context, raw []byte) ([]byte, error) {
		var e event
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, fmt.Errorf("read event: %w", err)
		}
		switch {
		case e.Error != "":
			return nil, errors.New(e.Error)
		case e.Do != "":
			return try(e.Do)
		}
		if e.Stubborn {
			ctx = context.WithoutCancel(ctx)
		}
		return nil, work(ctx, e)
	})
}

func work(ctx context.Context, e event) error {
	held := touch(e.Touch)
	defer runtime.KeepAlive(held)
	if err := burn(ctx, time.Duration(e.CPU)*time.Millisecond); err != nil {
		return err
	}
	select {
	case <-time.After(time.Duration(e.Sleep) * time.Millisecond):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func touch(mib int64) []byte {
	held := make([]byte, mib<<20)
	for i := 0; i < len(held); i += 4096 {
		held[i] = 1
	}
	return held
}

// burn computes until its thread has used that much CPU.
func burn(ctx context.Context, amount time.Duration) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for begin := threadCPU(); threadCPU()-begin < amount; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for x := range 10_000 {
			sink += x
		}
	}
	return nil
}

var sink int

func threadCPU() time.Duration {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now)
	return time.Duration(now.Nano())
}
