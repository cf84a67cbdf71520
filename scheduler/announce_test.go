package scheduler

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

// announcement is of functions as request has them.
func announcement(functions ...string) *schedulerpb.AnnounceFunctionsRequest {
	req := &schedulerpb.AnnounceFunctionsRequest{}
	for _, name := range functions {
		r := request("", name)
		req.Functions = append(req.Functions, &schedulerpb.AnnouncedFunction{
			AccountId: r.GetAccountId(), FunctionName: r.GetFunctionName(), FunctionConfig: r.GetFunctionConfig(),
		})
	}
	return req
}

// TestFirstCallAfterAnnouncementIsWarm, and a scheduler that was restarted makes
// none beside the containers that it has adopted.
func TestFirstCallAfterAnnouncementIsWarm(t *testing.T) {
	node := newFakeNode(t, nodeID(1))
	rm := newManager(t, node)
	for life, function := range []string{"f", "g"} {
		h := ready(t, Config{ResourceManager: rm.address})
		if _, err := h.AnnounceFunctions(t.Context(), announcement("f", "g")); err != nil {
			t.Fatal(err)
		}
		eventually(t, "both have a container", func() bool { return h.idle(t) == 2 })
		lease := h.acquire(t, "r", function)
		if lease.GetColdStart() {
			t.Errorf("life %d: a cold start of %s", life, function)
		}
		h.giveBack(t, "r", lease, false)
		h.stop()
		await(t, "the scheduler ends", h.ran)
	}
	if node.made != 2 {
		t.Errorf("%d containers were made, want one for each function", node.made)
	}
}

// idle counts the containers that are ready and serve nobody.
func (h *harness) idle(t testing.TB) (n int) {
	for _, node := range h.status(t).GetNodes() {
		for _, c := range node.GetContainers() {
			if c.GetState() == "ready" && c.GetInFlight() == 0 {
				n++
			}
		}
	}
	return n
}

func TestFaultyAnnouncement(t *testing.T) {
	h := ready(t, Config{ResourceManager: newManager(t, newFakeNode(t, nodeID(1))).address})
	nameless, weightless := announcement("f", "g"), announcement("f", "g", "h")
	nameless.Functions[1].FunctionName = ""
	weightless.Functions[2].FunctionConfig = nil
	for _, c := range []struct {
		req  *schedulerpb.AnnounceFunctionsRequest
		want string
	}{
		{nameless, "functions[1]: function_name is empty"},
		{weightless, "functions[2]: function_config.memory_in_bytes: want more than 0"},
	} {
		_, err := h.AnnounceFunctions(t.Context(), c.req)
		wantCode(t, err, codes.InvalidArgument)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
	if st := h.status(t); len(st.GetFunctions()) != 0 {
		t.Errorf("some were taken all the same: %v", st.GetFunctions())
	}
}
