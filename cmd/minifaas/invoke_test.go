package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/rpc"
	"github.com/minifaas/minifaas/nodeservice/sandbox/linux"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// caller invokes functions of a platform under test.
type caller struct {
	t      *testing.T
	client apiserverpb.APIServerClient
}

func newCaller(t *testing.T, p *platform) caller {
	return caller{t, apiserverpb.NewAPIServerClient(connect(t, p, apiserverPort))}
}

func (c caller) invoke(ctx context.Context, function, event string) (*apiserverpb.InvokeFunctionReply, error) {
	return c.client.InvokeFunction(ctx, &apiserverpb.InvokeFunctionRequest{FunctionName: function, Event: []byte(event)})
}

func (c caller) must(function, event string) *apiserverpb.InvokeFunctionReply {
	c.t.Helper()
	reply, err := c.invoke(c.t.Context(), function, event)
	if err != nil {
		c.t.Fatalf("invoke %s: %v", function, err)
	}
	return reply
}

func TestInvokeEveryRuntime(t *testing.T) {
	p := startTest(t, "", nil)
	c := newCaller(t, p)
	for function, runtime := range map[string]string{"hello": "native", "hello-python": "python3", "hello-nodejs": "nodejs", "hello-shell": "binary"} {
		t.Run(runtime, func(t *testing.T) {
			if !linux.HasRuntime(runtime) {
				_, err := c.invoke(t.Context(), function, `{}`)
				if status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), runtime) {
					t.Errorf("without the interpreter: %v, want FAILED_PRECONDITION that names %s", err, runtime)
				}
				t.Skip("no interpreter on this machine")
			}
			cold := c.must(function, `{"name":"world"}`)
			warm := c.must(function, `{"name":"world"}`)
			for _, reply := range []*apiserverpb.InvokeFunctionReply{cold, warm} {
				if reply.GetFunctionError() != "" || !strings.Contains(string(reply.GetBody()), "world") {
					t.Errorf("answer %q, error %s %s", reply.GetBody(), reply.GetFunctionError(), reply.GetFunctionErrorMessage())
				}
				if reply.GetMaxMemoryUsageInBytes() <= 0 || reply.GetDurationInNanos() <= 0 || reply.GetRequestId() == "" {
					t.Errorf("incomplete reply %+v", reply)
				}
			}
			if !cold.GetColdStart() || warm.GetColdStart() {
				t.Errorf("cold starts: %v then %v, want true then false", cold.GetColdStart(), warm.GetColdStart())
			}
		})
	}
}

func TestBadInput(t *testing.T) {
	p := startTest(t, `
- {name: missing, runtime: python3, handler: main.handler, code: nowhere}
- {name: no-handler, runtime: python3, handler: hello.nothing, code: hello-python}
- {name: noisy, runtime: binary, handler: noisy.sh, code: noisy, timeout: 30s}
- {name: slow, runtime: native, handler: load-native, code: load-native, timeout: 200ms}
- {name: greedy, runtime: native, handler: load-native, code: load-native, memory: 64MiB}
`, func(cfg *platformConfig) {
		writeFunction(t, cfg, "noisy/noisy.sh", "#!/bin/sh\nhead -c 1000000000 /dev/zero\nexit 3\n")
	})
	c := newCaller(t, p)
	platformErrors := []struct {
		name, function string
		event          string
		want           codes.Code
		says           string
	}{
		{"unknown function", "nobody", "", codes.NotFound, "nobody"},
		{"no function", "", "", codes.NotFound, ""},
		{"too big", "hello", strings.Repeat("x", rpc.MaxEvent+1), codes.ResourceExhausted, fmt.Sprint(rpc.MaxEvent)},
	}
	for _, tt := range platformErrors {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.invoke(t.Context(), tt.function, tt.event)
			if status.Code(err) != tt.want || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %v that says %q", err, tt.want, tt.says)
			}
		})
	}
	functionErrors := []struct {
		function, event string
		want, says      string
		runtime         string
	}{
		{"missing", "{}", "FunctionError", "nowhere", "python3"},
		{"no-handler", "{}", "FunctionError", "nothing", "python3"},
		{"noisy", "{}", "FunctionError", "", "binary"},
		{"slow", `{"sleep_ms":10000}`, "Timeout", "", "native"},
		{"greedy", `{"touch_mb":500}`, "OutOfMemory", "", "native"},
	}
	for _, tt := range functionErrors {
		t.Run(tt.function, func(t *testing.T) {
			if !linux.HasRuntime(tt.runtime) {
				t.Skip("no interpreter on this machine")
			}
			reply := c.must(tt.function, tt.event)
			if reply.GetFunctionError() != tt.want || !strings.Contains(reply.GetFunctionErrorMessage()+reply.GetFunctionLog(), tt.says) {
				t.Errorf("got %s %q, log of %d bytes; want %s that says %q", reply.GetFunctionError(), reply.GetFunctionErrorMessage(), len(reply.GetFunctionLog()), tt.want, tt.says)
			}
		})
	}
	if reply := c.must("hello", `{}`); reply.GetFunctionError() != "" {
		t.Errorf("hello after all that: %s", reply.GetFunctionErrorMessage())
	}
}

// TestStampede: many callers of one cold function get a few containers.
func TestStampede(t *testing.T) {
	p := startTest(t, "- {name: shared, runtime: native, handler: load-native, code: load-native, concurrency: 50}\n", nil)
	c := newCaller(t, p)
	const callers = 200
	for function, most := range map[string]int32{"hello": callers / 5, "shared": callers / 50} {
		var calls sync.WaitGroup
		for range callers {
			calls.Go(func() {
				if reply, err := c.invoke(t.Context(), function, `{"sleep_ms":5}`); err != nil || reply.GetFunctionError() != "" {
					t.Errorf("%s: %v %s", function, err, reply.GetFunctionErrorMessage())
				}
			})
		}
		calls.Wait()
		for _, f := range p.mustStatus(t).GetFunctions() {
			made := f.GetContainers() + f.GetCreating()
			if strings.HasPrefix(f.GetFunctionName(), "default/"+function+"@") && (made < 1 || made > most) {
				t.Errorf("%d callers of %s made %d containers, want at most %d", callers, function, made, most)
			}
		}
	}
}

// TestCallerThatLeavesEndsItsInvocation: the container is free, or gone, soon after.
func TestCallerThatLeavesEndsItsInvocation(t *testing.T) {
	p := startTest(t, "", nil)
	c := newCaller(t, p)
	c.must("load-native", "{}")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := c.invoke(ctx, "load-native", `{"cpu_ms":60000}`); status.Code(err) != codes.DeadlineExceeded {
		t.Fatalf("got %v, want DEADLINE_EXCEEDED", err)
	}
	p.await(t, "no lease", func(s *schedulerpb.GetStatusReply) bool { return s.GetCounters().GetLeasesActive() == 0 })
}

// mustStatus asks the scheduler for its status.
func (p *platform) mustStatus(t *testing.T) *schedulerpb.GetStatusReply {
	t.Helper()
	reply, err := schedulerpb.NewSchedulerClient(connect(t, p, schedulerPort)).GetStatus(t.Context(), &schedulerpb.GetStatusRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// await polls the scheduler's status until it is as wanted.
func (p *platform) await(t *testing.T, what string, done func(*schedulerpb.GetStatusReply) bool) {
	t.Helper()
	client := schedulerpb.NewSchedulerClient(connect(t, p, schedulerPort))
	var last *schedulerpb.GetStatusReply
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		reply, err := client.GetStatus(t.Context(), &schedulerpb.GetStatusRequest{})
		if err == nil && done(reply) {
			return
		}
		last = reply
	}
	t.Fatalf("no sign of %s; the last status is %v", what, last)
}
