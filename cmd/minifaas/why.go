package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/internal/function"
	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

type whyCommand struct {
	schedulerFlags
	clientFlags
	outputFlags
	RequestID string `arg:"" optional:"" help:"The request id that invoke printed, or that the caller gave; by default the last one that was cold, waited or was refused."`
}

// whyResult is what why -o json prints.
type whyResult struct {
	RequestID  string    `json:"request_id"`
	Account    string    `json:"account"`
	Function   string    `json:"function"`
	Policy     string    `json:"policy"`
	Arrived    time.Time `json:"arrived"`
	Waited     int64     `json:"waited_ns"`
	Outcome    string    `json:"outcome"`
	Message    string    `json:"message"`
	RetryAfter int64     `json:"retry_after_ns"`
	Node       string    `json:"node"`
	Container  string    `json:"container"`
	Memory     int64     `json:"memory_bytes"`
	Reserved   int64     `json:"reserved_bytes"`
	Creation   int64     `json:"creation_ns"`
	Seen       whySeen   `json:"seen"`
	Created    int32     `json:"created"`
	Evicted    int32     `json:"evicted"`
	NodesAsked int32     `json:"nodes_asked"`
	Cause      string    `json:"cause"`
	Reason     whyReason `json:"reason"`
	ColdStart  *whyCold  `json:"cold_start,omitempty"`
}

type whySeen struct {
	Containers int32 `json:"containers"`
	Idle       int32 `json:"idle"`
	Creating   int32 `json:"creating"`
	InFlight   int32 `json:"in_flight"`
	Queue      int32 `json:"queue_depth"`
}

type whyReason struct {
	Wait      int64 `json:"wait_ns"`
	ColdStart int64 `json:"cold_start_ns"`
	Execution int64 `json:"execution_ns"`
	Price     int64 `json:"price_ns"`
}

// whyCold is what a cold start was made of.
type whyCold struct {
	Decide    int64 `json:"decide_ns"`
	Wait      int64 `json:"wait_ns"`
	Take      int64 `json:"take_ns"`
	Mount     int64 `json:"mount_ns"`
	Limit     int64 `json:"limit_ns"`
	Import    int64 `json:"import_ns"`
	FirstCall int64 `json:"first_call_ns"`
	Pooled    bool  `json:"pooled"`
	// NoSnapshot is why a function that declares a snapshot was not begun from it.
	NoSnapshot string `json:"no_snapshot,omitempty"`
}

func (c *whyCommand) Run(ctx context.Context, file *config.File) error {
	if err := check(file, c.validate()); err != nil {
		return err
	}
	conn, err := c.dial(c.SchedulerEndpoint, schedulerPort)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := c.context(ctx)
	defer cancel()
	reply, err := schedulerpb.NewSchedulerClient(conn).Explain(ctx, &schedulerpb.ExplainRequest{RequestId: c.RequestID})
	if c.RequestID == "" && status.Code(err) == codes.NotFound {
		return c.printNone(status.Convert(err).Message())
	}
	if err != nil {
		return explain(err, conn)
	}
	if c.Output == "json" {
		return printJSON(newWhyResult(reply))
	}
	return tellWhy(os.Stdout, reply)
}

// printNone says that there is nothing to tell.
func (c *whyCommand) printNone(why string) error {
	if c.Output == "json" {
		return printJSON(nil)
	}
	_, err := fmt.Println("Nothing to explain: " + why + ".")
	return err
}

func newWhyResult(r *schedulerpb.ExplainReply) whyResult {
	reason := r.GetReason()
	return whyResult{
		RequestID: r.GetRequestId(), Account: r.GetAccountId(), Function: r.GetFunctionName(), Policy: r.GetPolicy(),
		Arrived: time.Unix(0, r.GetArrivedUnixNanos()).UTC(), Waited: r.GetWaitedNanos(), Outcome: r.GetOutcome(),
		Message: r.GetMessage(), RetryAfter: r.GetRetryAfterNanos(),
		Node: r.GetNodeId(), Container: r.GetContainerId(), Memory: r.GetMemoryInBytes(), Reserved: r.GetReservedInBytes(), Creation: r.GetCreationNanos(),
		Seen:    whySeen{r.GetContainers(), r.GetIdle(), r.GetCreating(), r.GetInFlight(), r.GetQueueDepth()},
		Created: r.GetCreated(), Evicted: r.GetEvicted(), NodesAsked: r.GetNodesAsked(), Cause: r.GetCause(),
		Reason:    whyReason{reason.GetWaitNanos(), reason.GetColdStartNanos(), reason.GetExecutionNanos(), reason.GetPriceNanos()},
		ColdStart: newWhyCold(r.GetColdStart()),
	}
}

func newWhyCold(c *schedulerpb.ColdStart) *whyCold {
	if c == nil {
		return nil
	}
	return &whyCold{c.DecideNanos, c.WaitNanos, c.TakeNanos, c.MountNanos, c.LimitNanos, c.ImportNanos, c.FirstCallNanos, c.Pooled, c.NoSnapshot}
}

// tellWhy writes a decision as a short story: what happened, what there was,
// what was done, what was expected.
func tellWhy(w io.Writer, r *schedulerpb.ExplainReply) error {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }

	say("Request %s for %s came at %s.", r.GetRequestId(), name(r),
		time.Unix(0, r.GetArrivedUnixNanos()).Format("2006-01-02 15:04:05.000"))
	say("%s", happened(r))
	if parts := coldParts(r.GetColdStart()); parts != "" {
		say("Its parts: %s.", parts)
	}
	if reason := r.GetColdStart().GetNoSnapshot(); reason != "" {
		say("It did not begin from the function's snapshot: %s.", reason)
	}
	say("There were %s of its function, %d idle, and %d being made; %s ran and %d waited before it.",
		count(r.GetContainers(), "container"), r.GetIdle(), r.GetCreating(), count(r.GetInFlight(), "call"), r.GetQueueDepth())
	if r.GetCreated()+r.GetEvicted()+r.GetNodesAsked() > 0 {
		say("Meanwhile %s for the function, %s evicted to make room, and %s asked for.",
			begun(r.GetCreated()), wasWere(r.GetEvicted(), "container"), wasWere(r.GetNodesAsked(), "node"))
	}
	if reasons := expected(r.GetReason()); reasons != "" {
		say("The policy, %s, expected %s.", r.GetPolicy(), reasons)
	} else {
		say("The policy was %s.", r.GetPolicy())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func name(r *schedulerpb.ExplainReply) string {
	if r.GetFunctionName() == "" {
		return "a function without a name"
	}
	return r.GetFunctionName()
}

func happened(r *schedulerpb.ExplainReply) string {
	waited := length(r.GetWaitedNanos())
	switch r.GetOutcome() {
	case "refused":
		again := ""
		if r.GetRetryAfterNanos() > 0 {
			again = fmt.Sprintf(" It may be tried again in %s.", length(r.GetRetryAfterNanos()))
		}
		return fmt.Sprintf("It was refused after %s: %s.%s", waited, r.GetMessage(), again)
	case "cold":
		return fmt.Sprintf("It was a cold start: it waited for %s, till container %s of %v (%v reserved) was made on %s, which took %s.",
			waited, r.GetContainerId(), function.Size(r.GetMemoryInBytes()), function.Size(r.GetReservedInBytes()), r.GetNodeId(), length(r.GetCreationNanos()))
	}
	if r.GetCause() == "" {
		return fmt.Sprintf("It was warm: container %s on %s had room at once.", r.GetContainerId(), r.GetNodeId())
	}
	return fmt.Sprintf("It was warm: it waited for %s, until %s and container %s on %s had room.",
		waited, r.GetCause(), r.GetContainerId(), r.GetNodeId())
}

// coldParts lists what a cold start was made of, as far as that is known.
func coldParts(c *schedulerpb.ColdStart) string {
	take := "%s to make a sandbox"
	if c.GetPooled() {
		take = "%s to take a sandbox from the reserve"
	}
	return listed([]part{
		{"%s until a container was ordered", c.GetDecideNanos()}, {"%s until it was its turn", c.GetWaitNanos()}, {take, c.GetTakeNanos()},
		{"%s to mount the code", c.GetMountNanos()}, {"%s to set limits", c.GetLimitNanos()}, {"%s to import the function", c.GetImportNanos()},
		{"and then %s for the call itself", c.GetFirstCallNanos()},
	})
}

// part is a span of time that is worth telling unless it is 0.
type part struct {
	what  string
	nanos int64
}

func listed(all []part) string {
	var parts []string
	for _, p := range all {
		if p.nanos != 0 {
			parts = append(parts, fmt.Sprintf(p.what, length(p.nanos)))
		}
	}
	return strings.Join(parts, ", ")
}

// expected lists what the policy knew.
func expected(r *schedulerpb.Reason) string {
	return listed([]part{
		{"a busy container to have room in %s", r.GetWaitNanos()}, {"a new one to take %s", r.GetColdStartNanos()},
		{"a call to take %s", r.GetExecutionNanos()}, {"a new one to pay once it spares %s of waiting", r.GetPriceNanos()},
	})
}

func length(nanos int64) string { return time.Duration(nanos).Round(10 * time.Microsecond).String() }

func count(n int32, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func begun(n int32) string {
	if n == 1 {
		return "1 container was begun"
	}
	return fmt.Sprintf("%d containers were begun", n)
}

func wasWere(n int32, what string) string {
	if n == 1 {
		return "1 " + what + " was"
	}
	return fmt.Sprintf("%d %ss were", n, what)
}
