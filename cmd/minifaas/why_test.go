package main

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// explaining is a Scheduler that knows of one request, if of any.
type explaining struct {
	schedulerpb.UnimplementedSchedulerServer
	last string
}

func (e explaining) Explain(_ context.Context, req *schedulerpb.ExplainRequest) (*schedulerpb.ExplainReply, error) {
	if id := req.GetRequestId(); e.last == "" || id != "" && id != e.last {
		return nil, status.Error(codes.NotFound, "nothing is known")
	}
	return &schedulerpb.ExplainReply{RequestId: e.last, Outcome: "refused", Message: "full"}, nil
}

func TestWhyOfTheLastOne(t *testing.T) {
	for _, c := range []struct {
		last, args, want string
		fails            bool
	}{
		{last: "r7", args: "why", want: "Request r7 "},
		{last: "r7", args: "why -o json", want: `"request_id": "r7"`},
		{last: "r7", args: "why r6", want: "nothing is known", fails: true},
		{args: "why", want: "Nothing to explain: nothing is known."},
		{args: "why -o json", want: "null"},
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server := grpc.NewServer()
		schedulerpb.RegisterSchedulerServer(server, explaining{last: c.last})
		go func() { _ = server.Serve(listener) }()
		t.Cleanup(server.Stop)
		out, errs, err := runCommand(t, append(strings.Fields(c.args), "--endpoint", listener.Addr().String())...)
		if (err != nil) != c.fails || !strings.Contains(out+errs, c.want) {
			t.Errorf("%s, the last being %q: %v, %s%s: want %q", c.args, c.last, err, out, errs, c.want)
		}
	}
}

// What people read about a request, line by line after the first, which has
// the local time.
func TestWhyTellsTheStory(t *testing.T) {
	const ms = int64(time.Millisecond)
	for _, c := range []struct {
		name  string
		reply *schedulerpb.ExplainReply
		want  string
	}{
		{"cold", &schedulerpb.ExplainReply{
			Outcome: "cold", Policy: "adaptive", WaitedNanos: 612 * ms, NodeId: "n1", ContainerId: "c1", CreationNanos: 550 * ms,
			MemoryInBytes: 256 << 20, ReservedInBytes: 32 << 20, Containers: 1, InFlight: 1, Created: 1, Evicted: 2, NodesAsked: 1,
			Reason:    &schedulerpb.Reason{WaitNanos: 2000 * ms, ColdStartNanos: 500 * ms},
			ColdStart: &schedulerpb.ColdStart{DecideNanos: 60 * ms, TakeNanos: 2 * ms, MountNanos: ms / 2, ImportNanos: 540 * ms, FirstCallNanos: 3 * ms, Pooled: true, NoSnapshot: "none yet"},
		}, `It was a cold start: it waited for 612ms, till container c1 of 256MiB (32MiB reserved) was made on n1, which took 550ms.
Its parts: 60ms until a container was ordered, 2ms to take a sandbox from the reserve, 500µs to mount the code, 540ms to import the function, and then 3ms for the call itself.
It did not begin from the function's snapshot: none yet.
There were 1 container of its function, 0 idle, and 0 being made; 1 call ran and 0 waited before it.
Meanwhile 1 container was begun for the function, 2 containers were evicted to make room, and 1 node was asked for.
The policy, adaptive, expected a busy container to have room in 2s, a new one to take 500ms.
`},
		{"waited", &schedulerpb.ExplainReply{
			Outcome: "warm", Policy: "lru", WaitedNanos: 40 * ms, NodeId: "n1", ContainerId: "c1", Cause: "request r7 was returned", Containers: 2, InFlight: 2,
		}, `It was warm: it waited for 40ms, until request r7 was returned and container c1 on n1 had room.
There were 2 containers of its function, 0 idle, and 0 being made; 2 calls ran and 0 waited before it.
The policy was lru.
`},
		{"refused", &schedulerpb.ExplainReply{
			Outcome: "refused", Policy: "lru", Message: "1000 requests wait for f already", RetryAfterNanos: 1000 * ms, QueueDepth: 1000,
		}, `It was refused after 0s: 1000 requests wait for f already. It may be tried again in 1s.
There were 0 containers of its function, 0 idle, and 0 being made; 0 calls ran and 1000 waited before it.
The policy was lru.
`},
	} {
		var b strings.Builder
		if err := tellWhy(&b, c.reply); err != nil {
			t.Fatal(err)
		}
		if _, got, _ := strings.Cut(b.String(), "\n"); got != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.name, got, c.want)
		}
	}
}
