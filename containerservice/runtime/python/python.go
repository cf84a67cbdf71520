// Package python runs functions written in Python: the handler is
// module.function, called as function(event, context).
//
// The event is decoded from JSON; one that is not JSON is a str, or bytes where
// it is not UTF-8 either. A result of type bytes or str is passed on as it is, any
// other is encoded as JSON. The context has request_id, function_name,
// memory_limit_mb and get_remaining_time_in_millis(), and Lambda's names for
// them. A plain function runs on any of a set of threads, a coroutine function
// on one event loop that all invocations share.
//
// What an invocation prints is in its log, also while others run; what threads
// of its own, child processes and C code write goes to the log of every
// invocation that runs at the time.
package python

import (
	"context"
	"os"

	"github.com/minifaas/minifaas/containerservice/runtime"
	"github.com/minifaas/minifaas/containerservice/runtime/resident"
	"github.com/minifaas/minifaas/internal/python"
)

// Start is a runtime.Starter.
func Start(ctx context.Context, f runtime.Function) (runtime.Runtime, string, error) {
	if err := f.CheckInterpreter("python3"); err != nil {
		return nil, "", err
	}
	cmd := resident.Command{Path: f.Interpreter, Args: python.Arguments, Stdin: python.Worker()}
	if f.Zygote {
		socket := os.NewFile(runtime.ForkSocket, "node")
		defer socket.Close() // so that it ends with the worker
		cmd.Stdin, cmd.More = python.FunctionZygote(), []*os.File{socket}
	}
	return resident.PrepareAndLoad(ctx, f, cmd)
}
