package wasm

import (
	"bytes"
	"context"

	"github.com/tetratelabs/wazero/api"

	"github.com/minifaas/minifaas/containerservice/runtime"
	"github.com/minifaas/minifaas/containerservice/runtime/wasm/preempt"
)

// react hands the event to a reactor and takes its result.
func (k *call) react(ctx context.Context, instance api.Module) error {
	if err := k.initialise(ctx, instance); err != nil {
		return err
	}
	size := uint64(len(k.Event))
	var at uint64
	if size > 0 {
		room, err := instance.ExportedFunction(k.allocate).Call(ctx, size)
		if err != nil {
			return err
		}
		at = room[0]
		if at == 0 || !instance.Memory().Write(uint32(at), k.Event) {
			return runtime.Errorf(runtime.TypeProtocol, "module's %s(%d) returned %#x, where there is no room for the event", k.allocate, size, at)
		}
	}
	answer, err := instance.ExportedFunction(exportHandle).Call(ctx, at, size)
	if err != nil {
		return err
	}
	from, length := uint32(answer[0]>>32), uint32(answer[0])
	if length > runtime.MaxPayload {
		k.body.tooLarge = true
		return nil
	}
	found, ok := instance.Memory().Read(from, length)
	if !ok {
		return runtime.Errorf(runtime.TypeProtocol, "module's %s returned a result of %d bytes at %#x, which is not in its memory", exportHandle, length, from)
	}
	k.body.bytes = bytes.Clone(found)
	return nil
}

func (k *call) initialise(ctx context.Context, instance api.Module) error {
	if k.snapshot == nil {
		return k.start(ctx, instance, preempt.Start, exportInitialize)
	}
	if err := k.snapshot.restore(instance); err != nil {
		return err
	}
	return k.start(ctx, instance, exportRestored)
}

// result is a result as it is written. One goroutine at a time uses it.
type result struct {
	bytes    []byte
	tooLarge bool
	full     func() // is called when it gets too large
}

// Write fails when the result is too large; the module need not notice, so it is stopped, too.
func (r *result) Write(p []byte) (int, error) {
	if len(r.bytes)+len(p) > runtime.MaxPayload {
		r.tooLarge = true
		r.full()
		return 0, errTooLarge
	}
	r.bytes = append(r.bytes, p...)
	return len(p), nil
}

var errTooLarge = runtime.TooLarge()
