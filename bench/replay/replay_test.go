package replay

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/bench/score"
	"github.com/minifaas/minifaas/bench/trace"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
)

// The server answers no call before it has all of them: a client that waited for
// an answer before it sends the next call would wait for ever.
func TestArrivalsNeverWaitForAnswers(t *testing.T) {
	const calls = 200
	var rows []string
	for i := range calls {
		rows = append(rows, fmt.Sprintf("%d,f,1,1", i/4))
	}
	var arrived atomic.Int32
	all := make(chan struct{})
	f := &fake{functions: []string{"f"}, invoke: func(ctx context.Context, _ *apiserverpb.InvokeFunctionRequest) (*apiserverpb.InvokeFunctionReply, error) {
		if arrived.Add(1) == calls {
			close(all)
		}
		select {
		case <-all:
			return answer(false, 1, 1), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	result, err := Run(ctx, Config{Workload: workload(t, rows...), APIServer: f.serve(t)})
	if err != nil {
		t.Fatal(err)
	}
	if result.Partial || result.Total.Calls != calls || result.Total.Failures != 0 {
		t.Errorf("%+v", result)
	}
}

// kinds of outcome, told by the function's name.
func outcomes(_ context.Context, r *apiserverpb.InvokeFunctionRequest) (*apiserverpb.InvokeFunctionReply, error) {
	switch r.GetFunctionName() {
	case "cold":
		return answer(true, 300*time.Millisecond, 20*time.Millisecond), nil
	case "broken":
		reply := answer(false, time.Millisecond, 4*time.Millisecond)
		reply.FunctionError = "Timeout"
		return reply, nil
	case "refused":
		return nil, status.Error(codes.ResourceExhausted, "no room")
	case "contest": // knows none of the fields from 100 up
		return &apiserverpb.InvokeFunctionReply{ServerSideLatencyInMs: 7}, nil
	}
	if want := `{"cpu_ms":0,"sleep_ms":5,"touch_mb":0}`; string(r.GetEvent()) != want || r.GetAccountId() != "me" {
		return nil, status.Errorf(codes.InvalidArgument, "event %s, account %s", r.GetEvent(), r.GetAccountId())
	}
	return answer(false, 2*time.Millisecond, 5*time.Millisecond), nil
}

var outcomeRows = []string{"1000,warm,5,1", "1001,cold,5,1", "1002,broken,5,1", "1003,refused,5,1", "1004,contest,5,1", "1005,warm,5,1"}

func TestResult(t *testing.T) {
	f := &fake{functions: []string{"warm", "cold", "broken", "refused", "contest", "other"}, invoke: outcomes}
	now := time.Now()
	f.nodes = []*resourcemanagerpb.NodeDesc{{Id: "n1", ReservedTimeTimestampMs: now.Add(-time.Hour).UnixMilli()}}
	conn := f.serve(t)
	var raw bytes.Buffer
	result, err := Run(t.Context(), Config{
		Workload: workload(t, outcomeRows...), APIServer: conn, ResourceManager: conn, Account: "me",
		Started: now, Grace: 50 * time.Millisecond, Raw: &raw,
	})
	if err != nil {
		t.Fatal(err)
	}
	const ms = time.Millisecond
	want := &Result{
		Workload: "test", Duration: 5 * ms,
		Total: Summary{Name: "total", Calls: 6, Failures: 2, ColdStarts: 1, Schedule: Latency{2 * ms, 300 * ms}, Execution: Latency{5 * ms, 20 * ms}},
		Functions: []Summary{
			{Name: "warm", Calls: 2, Schedule: Latency{2 * ms, 2 * ms}, Execution: Latency{5 * ms, 5 * ms}},
			{Name: "cold", Calls: 1, ColdStarts: 1, Schedule: Latency{300 * ms, 300 * ms}, Execution: Latency{20 * ms, 20 * ms}},
			{Name: "broken", Calls: 1, Failures: 1},
			{Name: "refused", Calls: 1, Failures: 1},
			{Name: "contest", Calls: 1, Execution: Latency{7 * ms, 7 * ms}},
		},
		Failures: map[string]int{"Timeout": 1, "ResourceExhausted": 1},
		Nodes:    &NodeUsage{Reservations: 1, Peak: 1},
	}
	// Histograms are right to 1 %; what depends on the machine is looked at below.
	almost := cmp.Comparer(func(a, b Latency) bool { return within(a.P50, b.P50) && within(a.P99, b.P99) })
	machine := cmp.Options{
		cmpopts.IgnoreFields(Summary{}, "Response"),
		cmpopts.IgnoreFields(Result{}, "FirstCall", "Counted", "Grace", "Lateness", "MaxLateness"), cmpopts.IgnoreFields(NodeUsage{}, "Time"),
	}
	if diff := cmp.Diff(want, result, almost, machine); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if result.Grace < 50*ms || result.Total.Response.P50 <= 0 {
		t.Errorf("grace %v, response %v", result.Grace, result.Total.Response)
	}
	// One node, reserved from before the run to after it.
	if got, want := result.Nodes.Time, result.Grace+result.Duration; got < want || got > want+2*ms {
		t.Errorf("node time %v of a run of %v", got, want)
	}

	run, err := result.Score()
	if err != nil {
		t.Fatal(err)
	}
	refused := run.Functions[3].Failed[0] // as long as the client saw it take
	wantScore := []score.Function{
		{Name: "warm", Succeeded: 2, ResponseTime: 14 * ms},
		{Name: "cold", Succeeded: 1, ResponseTime: 320 * ms},
		{Name: "broken", Failed: []time.Duration{5 * ms}},
		{Name: "refused", Failed: []time.Duration{refused}},
		{Name: "contest", Succeeded: 1, ResponseTime: 7 * ms},
	}
	if diff := cmp.Diff(wantScore, run.Functions); diff != "" || refused <= 0 {
		t.Errorf("score (-want +got):\n%s", diff)
	}

	rows, err := csv.NewReader(&raw).ReadAll()
	if err != nil || len(rows) != 7 || !cmp.Equal(rows[0], rawHeader) {
		t.Fatalf("raw records: %v, %v", rows, err)
	}
	for _, row := range rows[1:] {
		rec := map[string]string{}
		for i, name := range rawHeader {
			rec[name] = row[i]
		}
		if rec["functionName"] == "cold" {
			want := map[string]string{
				"phase": "2", "requestedDuration": "5000", "actualDuration": "20000", "waitTime": "300000", "startType": "cold", "actualMemoryUsage": "1",
				"offset": "1000", "error": "", "connectionTimeout": "false",
			}
			for name, value := range want {
				if rec[name] != value {
					t.Errorf("raw record: %s is %q, want %q", name, rec[name], value)
				}
			}
		}
	}
}

func within(a, b time.Duration) bool { return (a - b).Abs() <= b/100 }

func TestInterruptGivesThePartialResult(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	f := &fake{functions: []string{"quick", "stuck", "late"}, invoke: func(ctx context.Context, r *apiserverpb.InvokeFunctionRequest) (*apiserverpb.InvokeFunctionReply, error) {
		if r.GetFunctionName() == "stuck" {
			interrupt()
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return answer(false, 1, 1), nil
	}}
	conn := f.serve(t)
	result, err := Run(ctx, Config{
		Workload: workload(t, "0,quick,1,1", "100,stuck,1,1", "3600000,late,1,1"), APIServer: conn, ResourceManager: conn,
	})
	if err != nil {
		t.Fatal(err)
	}
	if !result.Partial || result.Total.Calls != 1 || result.Total.Failures != 0 || result.Unanswered != 1 || result.Nodes == nil {
		t.Errorf("%+v", result)
	}
	if result.Duration > time.Minute {
		t.Errorf("an hour's load, interrupted at once, lasted %v", result.Duration)
	}
	if _, err := result.Score(); err == nil {
		t.Error("a partial result has a score")
	}
}

func TestBounds(t *testing.T) {
	f := &fake{functions: []string{"f"}, invoke: func(context.Context, *apiserverpb.InvokeFunctionRequest) (*apiserverpb.InvokeFunctionReply, error) {
		return answer(false, 1, 1), nil
	}}
	conn := f.serve(t)
	w := workload(t, "10,f,1,1", "15,f,1,1", "20,f,1,1", "3600000,f,1,1")
	for name, tt := range map[string]struct {
		cfg      Config
		calls    int
		duration time.Duration
	}{
		"count": {Config{MaxCalls: 2}, 2, 5 * time.Millisecond},
		"time":  {Config{MaxDuration: 40 * time.Millisecond}, 3, 40 * time.Millisecond},
	} {
		tt.cfg.Workload, tt.cfg.APIServer = w, conn
		result, err := Run(t.Context(), tt.cfg)
		if err != nil {
			t.Fatal(err)
		}
		if result.Total.Calls != tt.calls || result.Duration != tt.duration || result.Partial {
			t.Errorf("%s: %d calls in %v, partial %v", name, result.Total.Calls, result.Duration, result.Partial)
		}
	}
}

func TestNoRoomInTheClientFailsAtOnce(t *testing.T) {
	release := make(chan struct{})
	var calls atomic.Int32
	f := &fake{functions: []string{"f"}, invoke: func(context.Context, *apiserverpb.InvokeFunctionRequest) (*apiserverpb.InvokeFunctionReply, error) {
		calls.Add(1)
		<-release
		return answer(false, 1, 1), nil
	}}
	// The third call finds two in flight, whatever the machine does: they end only once it has failed.
	progress := writer(func(line string) {
		if strings.Contains(line, " 1 failed") {
			close(release)
		}
	})
	w := workload(t, "0,f,1,1", "0,f,1,1", "0,f,1,1")
	r := newRun(Config{Workload: w, MaxInFlight: 2}, apiserverpb.NewAPIServerClient(f.serve(t)))
	first := time.Now()
	r.clock.pace(t.Context(), nil, first, w.Calls(), func(call trace.Call, offset time.Duration, intended time.Time) {
		r.send(t.Context(), call, offset, intended)
	})
	lines(progress, "replay", 3).show(r.tally.progress())
	r.calls.Wait()
	result := r.tally.result()
	if diff := cmp.Diff(map[string]int{NotSent: 1}, result.Failures); diff != "" || calls.Load() != 2 || result.Total.Calls != 3 {
		t.Errorf("%d calls arrived, failures %v", calls.Load(), result.Failures)
	}
}

type writer func(string)

func (w writer) Write(p []byte) (int, error) {
	w(string(p))
	return len(p), nil
}

func TestFaultsBeforeTheFirstCall(t *testing.T) {
	w := workload(t, "0,f,1,1", "0,g,1,1")
	conn := (&fake{functions: []string{"f"}}).serve(t)
	for want, cfg := range map[string]Config{
		"workload is missing":   {APIServer: conn},
		"apiserver is missing":  {Workload: w},
		"max calls is negative": {Workload: w, APIServer: conn, MaxCalls: -1},
		"1 of 2 functions are not declared at the apiserver (g)": {Workload: w, APIServer: conn},
	} {
		if _, err := Run(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want one with %q", err, want)
		}
	}
}

func TestRawRecordsThatCannotBeWritten(t *testing.T) {
	f := &fake{functions: []string{"f"}, invoke: outcomes}
	full := errors.New("disk full")
	result, err := Run(t.Context(), Config{Workload: workload(t, "0,f,1,1"), APIServer: f.serve(t), Raw: failing{full}})
	if !errors.Is(err, full) || result == nil || result.Total.Calls != 1 {
		t.Errorf("result %v, error %v", result, err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
