package replay

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
)

// TestAccountsOfTheWorkload: a function is called in its own account, one without
// in that of the configuration, and each must be declared there.
func TestAccountsOfTheWorkload(t *testing.T) {
	w := workload(t, "0,f,1,128", "1,g,1,128")
	w.Functions[1].Account = "tenant"
	var mu sync.Mutex // guards called
	var called []string
	f := &fake{
		functions: []string{"me/f", "tenant/g"},
		invoke: func(_ context.Context, r *apiserverpb.InvokeFunctionRequest) (*apiserverpb.InvokeFunctionReply, error) {
			mu.Lock()
			defer mu.Unlock()
			called = append(called, r.GetAccountId()+"/"+r.GetFunctionName())
			return answer(false, 0, time.Millisecond), nil
		},
	}
	cfg := Config{Workload: w, APIServer: f.serve(t), Account: "me"}
	if _, err := Run(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	slices.Sort(called)
	if diff := cmp.Diff([]string{"me/f", "tenant/g"}, called); diff != "" {
		t.Errorf("called (-want +got):\n%s", diff)
	}
	cfg.Account = ""
	if _, err := Run(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "1 of 2 functions are not declared at the apiserver (f)") {
		t.Errorf("functions of another account: %v", err)
	}
}
