package nodeservice

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/minifaas/minifaas/internal/rpc"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

type (
	header = nodeservicepb.InvokeFunctionReply_Header
	footer = nodeservicepb.InvokeFunctionReply_Footer
)

// ofTheCall leaves out what differs from call to call.
var ofTheCall = protocmp.IgnoreFields(&footer{}, "container_age_in_nanos", "container_fresh")

// invoke gathers the parts of a reply.
func (n *testNode) invoke(ctx context.Context, req *nodeservicepb.InvokeFunctionRequest) (parts []*nodeservicepb.InvokeFunctionReply, err error) {
	stream, err := n.InvokeFunction(ctx, req)
	if err != nil {
		return nil, err
	}
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return parts, nil
		}
		if err != nil {
			return parts, err
		}
		parts = append(parts, part)
	}
}

func TestInvokeResults(t *testing.T) {
	measured := sandbox.Result{Body: []byte("body"), Log: "log", Duration: 7, CPU: 3, MaxMemory: 5}
	with := func(e sandbox.FunctionError, lost bool) sandbox.Result {
		r := measured
		r.Body, r.Error, r.Lost = nil, &e, lost
		return r
	}
	for _, test := range []struct {
		name   string
		result sandbox.Result
		err    error
		header *header
		footer *footer
		code   codes.Code
		lost   bool
	}{
		{
			name: "success", result: measured,
			header: &header{Handled: true, StatusCode: "200", MaxMemUsageInBytes: 5, FunctionLog: "log"},
			footer: &footer{DurationInNanos: 7, CpuTimeInNanos: 3},
		},
		{
			name:   "nothing measured",
			header: &header{Handled: true, StatusCode: "200", MaxMemUsageInBytes: 1},
			footer: &footer{},
		},
		{
			name:   "exception with a traceback",
			result: with(sandbox.FunctionError{Code: sandbox.CodeFunctionError, Type: "KeyError", Message: "k", StackTrace: "Traceback: k"}, false),
			header: &header{Handled: true, StatusCode: "500", Error: []byte("k"), MaxMemUsageInBytes: 5, FunctionLog: "log"},
			footer: &footer{DurationInNanos: 7, CpuTimeInNanos: 3, Error: "FunctionError", ExceptionType: "KeyError", InvokeException: "Traceback: k"},
		},
		{
			name:   "exception without one",
			result: with(sandbox.FunctionError{Code: sandbox.CodeFunctionError, Type: "Exit", Message: "status 3"}, true),
			header: &header{Handled: true, StatusCode: "500", Error: []byte("status 3"), MaxMemUsageInBytes: 5, FunctionLog: "log"},
			footer: &footer{DurationInNanos: 7, CpuTimeInNanos: 3, Error: "FunctionError", ExceptionType: "Exit", InvokeException: "Exit: status 3", ContainerLost: true},
			lost:   true,
		},
		{
			name:   "timeout",
			result: with(sandbox.FunctionError{Code: sandbox.CodeTimeout, Message: "too long"}, true),
			header: &header{StatusCode: "504", Error: []byte("too long"), MaxMemUsageInBytes: 5, FunctionLog: "log"},
			footer: &footer{DurationInNanos: 7, CpuTimeInNanos: 3, Error: "Timeout", InvokeException: "too long", ContainerLost: true},
			lost:   true,
		},
		{
			name: "out of memory", result: sandbox.Result{Log: "log"}, err: fmt.Errorf("killed: %w", sandbox.ErrOutOfMemory),
			header: &header{StatusCode: "507", Error: []byte("killed: out of memory"), MaxMemUsageInBytes: 64 << 20, FunctionLog: "log"},
			footer: &footer{Error: "OutOfMemory", ExceptionType: "Runtime.OutOfMemory", InvokeException: "Runtime.OutOfMemory: killed: out of memory", ContainerLost: true},
			lost:   true,
		},
		{name: "lost underneath", err: fmt.Errorf("invoke: %w", sandbox.ErrLost), code: codes.Aborted, lost: true},
		{name: "broken runtime", err: errors.New("no pipe"), code: codes.Internal},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := newTestNode(t, &scripted{invoke: func(context.Context, *scriptedContainer, sandbox.Invocation) (sandbox.Result, error) {
				return test.result, test.err
			}})
			id := n.mustCreate(t, "c")
			parts, err := n.invoke(t.Context(), &nodeservicepb.InvokeFunctionRequest{ContainerId: id, RequestId: "r"})
			if status.Code(err) != test.code {
				t.Errorf("got %v, want %v", err, test.code)
			}
			if test.code == codes.OK {
				want := []*nodeservicepb.InvokeFunctionReply{{Header: test.header}, {Footer: test.footer}}
				if len(test.result.Body) > 0 {
					want = []*nodeservicepb.InvokeFunctionReply{want[0], {Body: test.result.Body}, want[1]}
				}
				if d := cmp.Diff(want, parts, protocmp.Transform(), ofTheCall); d != "" {
					t.Errorf("reply (-want +got):\n%s", d)
				}
			}
			if gone := len(n.stats(t).GetContainerStatsList()) == 0; gone != test.lost {
				t.Errorf("the container is gone: %v, want %v", gone, test.lost)
			}
		})
	}
}

func TestInvokeHandsOnTheRequest(t *testing.T) {
	var got []sandbox.Invocation
	n := newTestNode(t, &scripted{invoke: func(_ context.Context, _ *scriptedContainer, inv sandbox.Invocation) (sandbox.Result, error) {
		got = append(got, inv)
		return sandbox.Result{}, nil
	}})
	id := n.mustCreate(t, "c")
	for _, timeout := range []int64{250, 0, -1} {
		_, err := n.invoke(t.Context(), &nodeservicepb.InvokeFunctionRequest{
			ContainerId: id, RequestId: "r", Event: []byte("e"), FunctionMeta: &nodeservicepb.FunctionMeta{TimeoutInMs: timeout},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	ask := func(timeout time.Duration) sandbox.Invocation {
		return sandbox.Invocation{RequestID: "r", Event: []byte("e"), Timeout: timeout}
	}
	if d := cmp.Diff([]sandbox.Invocation{ask(250 * time.Millisecond), ask(9 * time.Second), ask(9 * time.Second)}, got); d != "" {
		t.Errorf("invocations (-want +got):\n%s", d)
	}
}

// TestLargeBodyComesInParts: a message has a limit, a result has a larger one.
func TestLargeBodyComesInParts(t *testing.T) {
	for size, want := range map[int]int{0: 0, 1: 1, chunk: 1, chunk + 1: 2, rpc.MaxEvent: 6} {
		body := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		n := newTestNode(t, &scripted{invoke: func(context.Context, *scriptedContainer, sandbox.Invocation) (sandbox.Result, error) {
			return sandbox.Result{Body: body}, nil
		}})
		parts, err := n.invoke(t.Context(), &nodeservicepb.InvokeFunctionRequest{ContainerId: n.mustCreate(t, "c")})
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		bodies := 0
		for _, part := range parts {
			got = append(got, part.GetBody()...)
			if len(part.GetBody()) > 0 {
				bodies++
			}
		}
		if bodies != want || !bytes.Equal(got, body) {
			t.Errorf("%d bytes: came as %d in %d parts, want %d", size, len(got), bodies, want)
		}
	}
}

// TestUnaryIsTheStreamInOneMessage: errors included.
func TestUnaryIsTheStreamInOneMessage(t *testing.T) {
	for _, result := range []sandbox.Result{
		{Body: bytes.Repeat([]byte("x"), rpc.MaxEvent), MaxMemory: 5, Log: "log"},
		{MaxMemory: 5, Error: &sandbox.FunctionError{Code: sandbox.CodeFunctionError, Type: "KeyError", Message: "k"}},
	} {
		n := newTestNode(t, &scripted{invoke: func(context.Context, *scriptedContainer, sandbox.Invocation) (sandbox.Result, error) {
			return result, nil
		}})
		req := &nodeservicepb.InvokeFunctionRequest{ContainerId: n.mustCreate(t, "c")}
		parts, err := n.invoke(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		want := &nodeservicepb.InvokeFunctionReply{Header: parts[0].GetHeader(), Footer: parts[len(parts)-1].GetFooter()}
		got, err := n.InvokeFunctionUnary(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.GetBody(), result.Body) {
			t.Errorf("the body has %d bytes, want %d", len(got.GetBody()), len(result.Body))
		}
		got.Body = nil // cmp takes minutes over one that large
		if d := cmp.Diff(want, got, protocmp.Transform(), ofTheCall); d != "" {
			t.Errorf("reply (-stream +unary):\n%s", d)
		}
	}
	n := newTestNode(t, &scripted{})
	if _, err := n.InvokeFunctionUnary(t.Context(), &nodeservicepb.InvokeFunctionRequest{ContainerId: "nobody"}); status.Code(err) != codes.NotFound {
		t.Errorf("unknown container: %v, want NotFound", err)
	}
}

func TestInvokeRefusals(t *testing.T) {
	n := newTestNode(t, &scripted{})
	if _, err := n.invoke(t.Context(), &nodeservicepb.InvokeFunctionRequest{ContainerId: "nobody"}); status.Code(err) != codes.NotFound {
		t.Errorf("unknown container: %v, want NotFound", err)
	}
	large := &nodeservicepb.InvokeFunctionRequest{ContainerId: n.mustCreate(t, "c"), Event: make([]byte, rpc.MaxEvent+1)}
	if _, err := n.invoke(t.Context(), large); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("large event: %v, want ResourceExhausted", err)
	}
}
