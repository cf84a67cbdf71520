package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
)

// Bounds of a call of the soak: its caller gives up after soakDeadline, and
// nothing that the platform does may hold it any longer, but for a slow machine.
const (
	soakDeadline = 30 * time.Second
	soakOverrun  = 2 * time.Second
)

// soakLoad is steady load from several callers, and what became of it.
type soakLoad struct {
	t      *testing.T
	client apiserverpb.APIServerClient

	mu       sync.Mutex // guards what follows
	outcomes map[string]int
	slowest  time.Duration
}

// run calls until ctx ends, and returns when all calls have ended.
func (l *soakLoad) run(ctx context.Context, callers int, seed uint64) {
	var running sync.WaitGroup
	for i := range callers {
		running.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			for n := 0; ctx.Err() == nil; n++ {
				l.one(random, fmt.Sprintf("c%d-%d", i, n))
				time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
			}
		})
	}
	running.Wait()
}

// one makes a call of some kind, and holds its answer against what was asked.
func (l *soakLoad) one(random *rand.Rand, name string) {
	hello, work := fmt.Sprintf(`{"name":%q}`, name), map[string]float64{}
	function, event, right := "", hello, func(body string) bool { return strings.Contains(body, name) }
	switch random.IntN(10) {
	case 0, 1, 2:
		function = "quick"
	case 3:
		function = "script"
	case 4:
		function = "snake"
	case 5, 6:
		function, work["sleep_ms"] = "load", float64(random.IntN(400))
	case 7:
		function, work["sleep_ms"] = "shared", float64(random.IntN(1000))
	case 8:
		function, work["cpu_ms"] = "load", float64(random.IntN(30))
	case 9:
		function, work["touch_mb"] = "load", float64(random.IntN(16))
	}
	if len(work) > 0 {
		text, _ := json.Marshal(work)
		event, right = string(text), func(body string) bool { return didAsAsked(body, work) }
	}
	ctx, cancel := context.WithTimeout(context.Background(), soakDeadline)
	defer cancel()
	l.call(ctx, function, event, right)
}

// didAsAsked reads the answer of a load function.
func didAsAsked(body string, work map[string]float64) bool {
	var did struct{ CPU, Slept, Touched float64 }
	var answer map[string]float64
	if json.Unmarshal([]byte(body), &answer) != nil {
		return false
	}
	did.CPU, did.Slept, did.Touched = answer["cpu_ms"], answer["slept_ms"], answer["touched_mb"]
	return did.CPU >= work["cpu_ms"] && did.Slept >= work["sleep_ms"] && did.Touched == work["touch_mb"]
}

// call makes one call, counts its outcome and returns it: OK, the error of the
// function, or a status code.
func (l *soakLoad) call(ctx context.Context, function, event string, right func(string) bool) string {
	begun := time.Now()
	reply, err := l.client.InvokeFunction(ctx, &apiserverpb.InvokeFunctionRequest{FunctionName: function, Event: []byte(event)}, grpc.WaitForReady(true))
	took := time.Since(begun)
	outcome := "OK"
	switch code := status.Code(err); code {
	case codes.OK:
		if reply.GetFunctionError() != "" {
			outcome = reply.GetFunctionError()
		} else if !right(string(reply.GetBody())) {
			l.t.Errorf("%s %s: the wrong answer %.200q", function, event, reply.GetBody())
		}
	case codes.Unavailable, codes.Aborted, codes.Canceled, codes.DeadlineExceeded, codes.ResourceExhausted:
		outcome = code.String()
	default:
		l.t.Errorf("%s %s: %v", function, event, err)
		outcome = code.String()
	}
	if took > soakDeadline+soakOverrun {
		l.t.Errorf("%s %s: %v after %v, beyond its deadline", function, event, outcome, took)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.outcomes[outcome]++
	l.slowest = max(l.slowest, took)
	return outcome
}

// summary is a table of the outcomes, the most frequent first.
func (l *soakLoad) summary() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var kinds []string
	for kind := range l.outcomes {
		kinds = append(kinds, kind)
	}
	slices.SortFunc(kinds, func(a, b string) int { return cmp.Or(l.outcomes[b]-l.outcomes[a], strings.Compare(a, b)) })
	var b strings.Builder
	fmt.Fprintf(&b, "%-20s %8s\n", "OUTCOME", "CALLS")
	for _, kind := range kinds {
		fmt.Fprintf(&b, "%-20s %8d\n", kind, l.outcomes[kind])
	}
	fmt.Fprintf(&b, "slowest call %v\n", l.slowest.Round(time.Millisecond))
	return b.String()
}
