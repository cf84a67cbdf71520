package replay

import (
	"context"
	"testing"
	"time"

	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
)

// TestSlowPlatformHasTheTimeItNeeds: a call's time is that of the platform, of which a
// second is ten by this clock; one that is faster takes the deadline for its own time.
func TestSlowPlatformHasTheTimeItNeeds(t *testing.T) {
	for scale, least := range map[float64]time.Duration{0.1: 10 * time.Minute, 1: time.Minute, 10: time.Minute} {
		var left time.Duration
		f := &fake{functions: []string{"f"}, invoke: func(ctx context.Context, _ *apiserverpb.InvokeFunctionRequest) (*apiserverpb.InvokeFunctionReply, error) {
			deadline, _ := ctx.Deadline()
			left = time.Until(deadline)
			return answer(false, 1, 1), nil
		}}
		w := workload(t, "0,f,1,1")
		w.Functions[0].Timeout = time.Minute
		if _, err := Run(t.Context(), Config{Workload: w, APIServer: f.serve(t), TimeScale: scale}); err != nil {
			t.Fatal(err)
		}
		if left < least+acquireTimeout || left > least+AcquirePatience {
			t.Errorf("time × %v: %v left, want %v for the function and %v for its container", scale, left, least, AcquirePatience)
		}
	}
}
