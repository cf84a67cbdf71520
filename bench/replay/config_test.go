package replay

import (
	"bytes"
	"context"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
)

// An hour of a platform whose time goes 36,000 times as fast takes 0.1 s, and all
// figures are of the hour.
func TestTimeScale(t *testing.T) {
	const scale = 36_000
	now := time.Now()
	f := &fake{
		functions: []string{"f"},
		invoke: func(context.Context, *apiserverpb.InvokeFunctionRequest) (*apiserverpb.InvokeFunctionReply, error) {
			return answer(false, time.Millisecond, 2*time.Millisecond), nil
		},
		nodes: []*resourcemanagerpb.NodeDesc{{ReservedTimeTimestampMs: now.Add(-time.Hour).UnixMilli()}},
	}
	conn := f.serve(t)
	var records []Record
	result, err := Run(t.Context(), Config{
		Workload: workload(t, "0,f,1,1", "1800000,f,1,1", "3600000,f,1,1"), APIServer: conn, ResourceManager: conn,
		Started: now, Grace: 30 * time.Minute, TimeScale: scale, Observe: func(r Record) { records = append(records, r) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(now); took < 150*time.Millisecond || took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	if result.Grace < 30*time.Minute || result.Duration != time.Hour || len(records) != 3 {
		t.Errorf("grace %v, duration %v, %d calls", result.Grace, result.Duration, len(records))
	}
	for _, r := range records {
		if r.Schedule != 36*time.Second || r.Execution != 72*time.Second || r.Response < time.Second {
			t.Errorf("%+v", r)
		}
	}
	if got, want := result.Nodes.Time, result.Grace+result.Duration; got < want || got > want+scale*2*time.Millisecond {
		t.Errorf("node time %v of a run of %v", got, want)
	}
}

// With nobody to serve them, the calls that are due fail unsent, without a wait for their
// time; nodes count to the end of the load.
func TestSchedulerGone(t *testing.T) {
	gone := make(chan struct{})
	f := &fake{functions: []string{"f"}, invoke: func(context.Context, *apiserverpb.InvokeFunctionRequest) (*apiserverpb.InvokeFunctionReply, error) {
		close(gone) // a second call would close it again
		return answer(false, 1, 1), nil
	}}
	result, err := Run(t.Context(), Config{Workload: workload(t, "0,f,1,1", "300,f,1,1", "3600000,f,1,1"), APIServer: f.serve(t), Gone: gone})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{SchedulerGone: 2}, result.Failures); diff != "" || result.Total.Calls != 3 || result.Partial {
		t.Errorf("%d calls, partial %v, failures (-want +got):\n%s", result.Total.Calls, result.Partial, diff)
	}
	if result.Duration != time.Hour {
		t.Errorf("lasted %v", result.Duration)
	}
}

func TestNobodyThereFromTheBeginning(t *testing.T) {
	gone := make(chan struct{})
	close(gone)
	conn := (&fake{functions: []string{"f"}}).serve(t)
	result, err := Run(t.Context(), Config{Workload: workload(t, "0,f,1,1", "3600000,f,1,1"), APIServer: conn, Gone: gone, Grace: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{SchedulerGone: 2}, result.Failures); diff != "" || result.Partial {
		t.Errorf("partial %v, failures (-want +got):\n%s", result.Partial, diff)
	}
}

func TestPatience(t *testing.T) {
	f := &fake{functions: []string{"f"}, invoke: func(ctx context.Context, _ *apiserverpb.InvokeFunctionRequest) (*apiserverpb.InvokeFunctionReply, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	result, err := Run(t.Context(), Config{Workload: workload(t, "0,f,1,1", "1,f,1,1"), APIServer: f.serve(t), Patience: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{Unfinished: 2}, result.Failures); diff != "" || result.Partial || result.Unanswered != 0 {
		t.Errorf("partial %v, %d unanswered, failures (-want +got):\n%s", result.Partial, result.Unanswered, diff)
	}
}

// What is warming up is counted and scored, but no latency.
func TestWarmUp(t *testing.T) {
	f := &fake{functions: []string{"slow", "fast"}, invoke: func(_ context.Context, r *apiserverpb.InvokeFunctionRequest) (*apiserverpb.InvokeFunctionReply, error) {
		if r.GetFunctionName() == "slow" {
			return answer(true, time.Second, time.Second), nil
		}
		return answer(false, time.Millisecond, time.Millisecond), nil
	}}
	var raw bytes.Buffer
	result, err := Run(t.Context(), Config{Workload: workload(t, "0,slow,1,1", "20,fast,1,1"), APIServer: f.serve(t), WarmUp: 20 * time.Millisecond, Raw: &raw})
	if err != nil {
		t.Fatal(err)
	}
	if s := result.Total; s.Calls != 2 || s.ColdStarts != 1 || s.Schedule.P99 > 2*time.Millisecond || len(result.Notes) != 1 {
		t.Errorf("%+v, notes %q", s, result.Notes)
	}
	_, err = Run(t.Context(), Config{Workload: workload(t, "0,slow,1,1", "20,fast,1,1"), APIServer: f.serve(t), WarmUp: 21 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "the last call comes after 20ms, which is within the warm-up, 21ms") {
		t.Errorf("a warm-up that leaves nothing: %v", err)
	}
	if got := result.Counted[0].ResponseTime; got != 2*time.Second {
		t.Errorf("the call in the warm-up counts %v", got)
	}
	rows, err := csv.NewReader(&raw).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("raw records %v, %v", rows, err)
	}
	phases := map[string]string{rows[1][3]: rows[1][0], rows[2][3]: rows[2][0]}
	if diff := cmp.Diff(map[string]string{"slow": "1", "fast": "2"}, phases); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
}
