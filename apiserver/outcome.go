package apiserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// Error codes of ReturnContainer that are not the function's own.
const (
	codeContainerLost = "ContainerLost"
	codeCanceled      = "Canceled"
	codePlatformError = "PlatformError"
)

// outcome is how one attempt to execute ended.
type outcome struct {
	// reply is nil when the platform failed.
	reply *apiserverpb.InvokeFunctionReply
	// err is a gRPC status, or wraps errNotBegun.
	err error
	// code is the error code where err alone does not tell.
	code string
	// lost: the container must not be used again.
	lost bool
	// age of the container when the invocation came to it, 0 if its node does not
	// tell; fresh: it was among the first there.
	age   time.Duration
	fresh bool
}

// coldStart: the container got ready while the invocation waited, and none had
// run in it before.
func (o outcome) coldStart(lease *schedulerpb.AcquireContainerReply, waited time.Duration) bool {
	if o.age == 0 {
		return lease.GetColdStart()
	}
	return o.fresh && o.age < waited
}

func (o outcome) errorCode() string {
	switch {
	case o.code != "":
		return o.code
	case o.err != nil && o.lost:
		return codeContainerLost
	case o.err != nil:
		return codePlatformError
	default:
		return o.reply.GetFunctionError()
	}
}

// invoke calls the node. ctx is the caller's, and bounds the execution; running
// is the call's own.
func (inv *invocation) invoke(ctx, running context.Context, node *connection, containerID string) outcome {
	timeout := inv.function.Timeout
	if deadline, ok := ctx.Deadline(); ok {
		timeout = max(time.Millisecond, min(timeout, time.Until(deadline)))
	}
	request := &nodeservicepb.InvokeFunctionRequest{
		RequestId:   inv.id,
		ContainerId: containerID,
		Event:       inv.event,
		FunctionMeta: &nodeservicepb.FunctionMeta{
			FunctionName:  inv.function.Name.String(),
			Handler:       inv.function.Handler,
			TimeoutInMs:   timeout.Milliseconds(),
			MemoryInBytes: inv.function.Memory,
		},
	}
	if len(request.Event) <= mostEvent {
		if o := node.session.invoke(running, request); o.err != errNoSession {
			return o
		}
	}
	client := nodeservicepb.NewNodeServiceClient(node)
	if !node.streams.Load() {
		var to peer.Peer
		part, err := client.InvokeFunctionUnary(running, request, grpc.Peer(&to))
		switch {
		case err == nil:
			o := newOutcome()
			o.add(part)
			return *o
		case to.Addr == nil:
			return notBegun(err)
		case status.Code(err) != codes.Unimplemented:
			return lostOutcome(err)
		}
		// A node that knows the contest's calls alone.
		node.streams.Store(true)
	}
	return stream(running, client, request)
}

// notBegun is an attempt that did not begin, and why.
func notBegun(why error) outcome {
	return outcome{err: fmt.Errorf("%w: %s", errNotBegun, status.Convert(why).Message()), lost: true}
}

func newOutcome() *outcome { return &outcome{reply: &apiserverpb.InvokeFunctionReply{}} }

// stream calls the node as the contest does, and gathers what it answers.
func stream(running context.Context, client nodeservicepb.NodeServiceClient, request *nodeservicepb.InvokeFunctionRequest) outcome {
	parts, err := client.InvokeFunction(running, request)
	if err != nil {
		return notBegun(err)
	}
	o := newOutcome()
	for {
		part, err := parts.Recv()
		if errors.Is(err, io.EOF) {
			return *o
		}
		if err != nil {
			return lostOutcome(err)
		}
		o.add(part)
	}
}

// add takes in one message: a header, a part of the body, a footer, or all of them.
func (o *outcome) add(part *nodeservicepb.InvokeFunctionReply) {
	reply := o.reply
	if reply.Body == nil {
		reply.Body = part.GetBody()
	} else {
		reply.Body = append(reply.Body, part.GetBody()...)
	}
	if h := part.GetHeader(); h != nil {
		reply.MaxMemoryUsageInBytes = h.GetMaxMemUsageInBytes()
		reply.FunctionLog = h.GetFunctionLog()
		reply.FunctionErrorMessage = string(h.GetError())
	}
	if f := part.GetFooter(); f != nil {
		reply.DurationInNanos = f.GetDurationInNanos()
		reply.CpuTimeInNanos = f.GetCpuTimeInNanos()
		o.lost = f.GetContainerLost()
		o.age, o.fresh = time.Duration(f.GetContainerAgeInNanos()), f.GetContainerFresh()
		setError(reply, f)
	}
}

// lostOutcome is what an error means that came from the node, or instead of its answer.
func lostOutcome(err error) outcome {
	switch status.Code(err) {
	case codes.NotFound:
		return notBegun(err)
	case codes.Unavailable:
		return outcome{err: status.Errorf(codes.Aborted, "node lost: %s; the function may have run in part", status.Convert(err).Message()), lost: true}
	case codes.Aborted, codes.Internal, codes.Unknown:
		return outcome{err: err, lost: true}
	default:
		return outcome{err: err}
	}
}

// setError puts the function's error into the reply, and into its body in the
// form that AWS Lambda gives it.
func setError(reply *apiserverpb.InvokeFunctionReply, f *nodeservicepb.InvokeFunctionReply_Footer) {
	if f.GetError() == "" {
		reply.FunctionErrorMessage = ""
		return
	}
	kind := f.GetExceptionType()
	if kind == "" {
		kind = f.GetError()
	}
	reply.Body, _ = json.Marshal(struct {
		ErrorType    string `json:"errorType"`
		ErrorMessage string `json:"errorMessage"`
	}{kind, reply.GetFunctionErrorMessage()})
	reply.FunctionError = f.GetError()
	if f.GetInvokeException() != "" {
		reply.FunctionErrorMessage = f.GetInvokeException()
	}
}
