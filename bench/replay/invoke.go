package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/function"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
)

const (
	// connectTimeout bounds the first contact with the APIServer.
	connectTimeout = 10 * time.Second
	// acquireTimeout is how long the contract lets a call wait for its container.
	acquireTimeout = 60 * time.Second
	// slack is for everything around: the platform shall give up before its client does.
	slack = 5 * time.Second
	// AcquirePatience is how long the client waits for a call beyond its function's timeout.
	AcquirePatience = acquireTimeout + slack
)

// Why a call is given up before its time, other than by an interruption.
var (
	errUnfinished = errors.New("no answer by the end of the run")
	errGone       = errors.New("no answer, and the scheduler is gone")
)

// given are the kinds of failure of calls that were given up.
var given = map[error]string{errUnfinished: Unfinished, errGone: SchedulerGone}

// Record is how one call went.
type Record struct {
	Function  string
	Index     int // of the function in the workload
	RequestID string
	// Offset at which it was to be sent, from the first call, and when that was by the clock.
	Offset   time.Duration
	Intended time.Time
	// Work is the time that the call takes alone: its CPU on one core, then its sleep.
	Work time.Duration
	// Sent: it was. Late is how much later than intended.
	Sent bool
	Late time.Duration
	// Schedule is the time until there was a container, Execution the time the function ran, as the
	// platform tells; 0 when the call failed without an answer.
	Schedule, Execution time.Duration
	// Response is the time from when the call was to be sent to its end.
	Response  time.Duration
	ColdStart bool
	// Error is empty on success, else the kind of failure: FunctionError,
	// Timeout or OutOfMemory of the function, the name of a gRPC code, or NotSent,
	// SchedulerGone or Unfinished. Message says it in words, as far as anybody did.
	Error, Message string
	// Container is where it ran; empty when it failed without an answer.
	Container string
	// MaxMemory is the container's peak, in bytes.
	MaxMemory int64
}

// answered: somebody has said how the call ended.
func (r *Record) answered() bool { return r.Sent && r.Error != Unfinished && r.Error != SchedulerGone }

// Refused: the call was answered with an error, and nothing of it ran as far as is known.
func (r *Record) Refused() bool {
	if r.Error == "" || r.Container != "" || !r.answered() {
		return false
	}
	return r.Error != codes.Aborted.String() && r.Error != codes.Canceled.String() // it may have run in part
}

// counted is what the call counts in the score: its time until it ended.
func (r *Record) counted() time.Duration {
	if d := r.Schedule + r.Execution; d > 0 {
		return d
	}
	return r.Response
}

// invoke makes the call and fills in the record. It reports false if the call
// was given up because the replay was interrupted.
func (r *run) invoke(ctx context.Context, call trace.Call, rec *Record) bool {
	called := &r.cfg.Workload.Functions[call.Function]
	// A platform that is slower than the clock takes longer; what one that is faster hears of
	// this deadline it takes for one of its own time.
	bounded, cancel := context.WithTimeout(ctx, max(called.Timeout, r.clock.Real(called.Timeout))+AcquirePatience)
	defer cancel()
	request := &apiserverpb.InvokeFunctionRequest{
		AccountId: cmp.Or(called.Account, r.cfg.Account), FunctionName: called.Name, Event: call.Event(), RequestId: rec.RequestID,
	}
	rec.Sent, rec.Late = true, r.clock.Model(time.Since(rec.Intended))
	reply, err := r.client.InvokeFunction(bounded, request)
	rec.Response = r.clock.Model(time.Since(rec.Intended))
	if kind := given[context.Cause(ctx)]; kind != "" && err != nil {
		rec.Error, rec.Message = kind, context.Cause(ctx).Error()
		return true
	}
	if err != nil {
		rec.Error, rec.Message = status.Code(err).String(), status.Convert(err).Message()
		return ctx.Err() == nil
	}
	rec.Schedule = r.clock.Model(time.Duration(reply.GetScheduleLatencyInNanos()))
	rec.Execution = r.clock.Model(time.Duration(reply.GetDurationInNanos()))
	if rec.Schedule+rec.Execution == 0 {
		// An APIServer of the contest tells the sum alone, in whole milliseconds.
		rec.Execution = r.clock.Model(time.Duration(reply.GetServerSideLatencyInMs()) * time.Millisecond)
	}
	rec.ColdStart = reply.GetColdStart()
	rec.Error, rec.Message = reply.GetFunctionError(), reply.GetFunctionErrorMessage()
	rec.Container = reply.GetContainerId()
	rec.MaxMemory = reply.GetMaxMemoryUsageInBytes()
	return true
}

// checkFunctions makes the connection, so that no call pays for it, and makes
// sure that the workload's functions are there.
func checkFunctions(ctx context.Context, client apiserverpb.APIServerClient, w *trace.Workload, account string) error {
	bounded, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	reply, err := client.ListFunctions(bounded, &apiserverpb.ListFunctionsRequest{}, grpc.WaitForReady(true))
	if status.Code(err) == codes.Unimplemented {
		return nil // calls will tell
	}
	if errors.Is(bounded.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("connect to apiserver: no answer within %v: %w", connectTimeout, err)
	}
	if err != nil {
		return fmt.Errorf("list functions: %w", err)
	}
	type name struct{ account, function string }
	there := make(map[name]bool)
	for _, f := range reply.GetFunctions() {
		there[name{f.GetAccountId(), f.GetFunctionName()}] = true
	}
	var missing []string
	for _, f := range w.Functions {
		own := name{cmp.Or(f.Account, account, function.DefaultAccount), f.Name}
		if !there[own] && !there[name{"", f.Name}] { // an APIServer of the contest tells no accounts
			missing = append(missing, f.Name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%d of %d functions are not declared at the apiserver (%s): declare the workload's manifest there",
			len(missing), len(w.Functions), few(missing))
	}
	return nil
}

// few lists the first names, lest a big workload fill the screen.
func few(names []string) string {
	const shown = 5
	if len(names) > shown {
		return strings.Join(names[:shown], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
