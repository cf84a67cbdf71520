package linux

import (
	"fmt"
	"time"

	"github.com/minifaas/minifaas/internal/wire"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

// result turns an agent's reply into ours. A function that fails once its time is
// over, as it does when it heeds its deadline, has timed out, whatever it calls it.
func (c *container) result(reply *wire.InvokeReply, timedOut bool) sandbox.Result {
	r := sandbox.Result{
		Body:      reply.Body,
		Error:     c.functionError(reply.Error),
		Log:       reply.FunctionLog + c.link.Refusals(),
		Duration:  time.Duration(reply.DurationInNanos),
		MaxMemory: c.peak(reply.MaxMemoryUsageInBytes),
		Lost:      reply.ContainerLost,
	}
	if r.Error != nil && timedOut {
		r.Error.Code = sandbox.CodeTimeout
	}
	return r
}

// loadFailure is the result of every invocation of a function that failed to
// load. The container must go, as another might load it: a fault can pass.
func (c *container) loadFailure() sandbox.Result {
	return sandbox.Result{
		Error:     c.functionError(c.broken.Error),
		Log:       c.broken.FunctionLog + c.link.Refusals(),
		MaxMemory: c.peak(0),
		Lost:      true,
	}
}

// timedOut is the result of an invocation whose agent let the time pass. The container has been killed.
func (c *container) timedOut(timeout, ran time.Duration) sandbox.Result {
	return sandbox.Result{
		Error: &sandbox.FunctionError{
			Code:    sandbox.CodeTimeout,
			Message: fmt.Sprintf("ran longer than its %v; it did not stop and was killed with its container", timeout),
		},
		Duration:  ran,
		MaxMemory: c.peak(0),
		Lost:      true,
	}
}

func (c *container) functionError(e *wire.FunctionError) *sandbox.FunctionError {
	if e == nil {
		return nil
	}
	f := &sandbox.FunctionError{Code: e.Code, Type: e.Type, Message: e.Message, StackTrace: e.StackTrace}
	if c.fault != nil {
		f.Message += " (" + c.fault.Error() + ")"
		if f.StackTrace != "" {
			f.StackTrace += c.fault.Error() + "\n"
		}
	}
	return f
}

// peak is the agent's figure, or, where it has none, what is known here; always above 0.
func (c *container) peak(reported int64) int64 {
	if reported > 0 {
		return reported
	}
	if u, err := c.Usage(); err == nil && u.Memory > 0 {
		return u.Memory
	}
	return 1 << 20
}
