// Package node runs functions written for Node.js: the handler is
// module.function of a CommonJS or ES module, called as function(event,
// context), or function(event, context, callback) if it takes three arguments.
// It returns its result, or a promise of it, or calls back.
//
// The event is decoded from JSON; one that is not JSON is a string, or a Buffer
// where it is not UTF-8 either. A result that is a string or a Uint8Array is
// passed on as it is, any other is encoded as JSON. The context has requestId,
// functionName, memoryLimitInMB, getRemainingTimeInMillis() and Lambda's name
// awsRequestId, and signal, an AbortSignal that fires when the invocation is canceled.
//
// All invocations share one event loop: one that computes holds up the others.
// What an invocation prints is in its log, also while others run; what child
// processes write goes to the log of every invocation that runs at the time.
// An exception or a rejection that nobody catches ends the invocation that it comes from.
package node

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/minifaas/minifaas/containerservice/runtime"
	"github.com/minifaas/minifaas/containerservice/runtime/resident"
)

//go:embed worker.js
var worker []byte

// Start is a runtime.Starter.
func Start(ctx context.Context, f runtime.Function) (runtime.Runtime, string, error) {
	if err := f.CheckInterpreter("node"); err != nil {
		return nil, "", err
	}
	return resident.PrepareAndLoad(ctx, f, command(f.Interpreter, f.Memory))
}

// Prepare is a runtime.Preparer. The memory must be that of the container.
func Prepare(ctx context.Context, p runtime.Preparation) (runtime.Prepared, error) {
	if err := p.CheckInterpreter("node"); err != nil {
		return nil, err
	}
	return resident.Prepare(ctx, command(p.Interpreter, p.Memory))
}

func command(interpreter string, memory int64) resident.Command {
	var args []string
	if memory > 0 {
		// V8 knows the machine's memory, not the container's: tell it where to
		// collect garbage at the latest. It can't be told later.
		args = append(args, fmt.Sprintf("--max-old-space-size=%d", max(16, memory>>20*9/10)))
	}
	return resident.Command{Path: interpreter, Args: append(args, "-"), Stdin: worker}
}
