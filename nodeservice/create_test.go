package nodeservice

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

func TestCreateFollowsTheRequest(t *testing.T) {
	n := newTestNode(t, &scripted{})
	for _, memory := range []int64{0, 8 << 20, 4 << 30} {
		req := create("", 0)
		req.FunctionMeta.MemoryInBytes = memory
		if _, err := n.CreateContainer(t.Context(), req); err != nil {
			t.Fatal(err)
		}
	}
	var got []int64
	for _, spec := range n.runtime.specs {
		got = append(got, spec.Memory)
	}
	if d := cmp.Diff([]int64{64 << 20, 8 << 20, 4 << 30}, got); d != "" {
		t.Errorf("memory of the containers (-want +got):\n%s", d)
	}
}

func TestCreateErrors(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		want codes.Code
	}{
		{"no interpreter", fmt.Errorf("python3: %w", sandbox.ErrUnsupported), codes.FailedPrecondition},
		{"no memory", fmt.Errorf("create: %w", sandbox.ErrOutOfMemory), codes.ResourceExhausted},
		{"whatever else", errors.New("disk full"), codes.Unavailable},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := newTestNode(t, &scripted{create: func(context.Context) error { return test.err }})
			_, err := n.CreateContainer(t.Context(), create("c", 0))
			if status.Code(err) != test.want || status.Convert(err).Message() != test.err.Error() {
				t.Errorf("got %v, want %v: %v", err, test.want, test.err)
			}
			if left := n.stats(t).GetContainerStatsList(); len(left) != 0 {
				t.Errorf("left in the inventory: %v", left)
			}
			n.runtime.create = nil
			n.mustCreate(t, "c") // the name is free again
		})
	}
}

func TestCreateUnknownFunctionAndTakenName(t *testing.T) {
	n := newTestNode(t, &scripted{})
	_, err := n.CreateContainer(t.Context(), &nodeservicepb.CreateContainerRequest{FunctionMeta: &nodeservicepb.FunctionMeta{FunctionName: "nobody"}})
	if status.Code(err) != codes.NotFound {
		t.Errorf("unknown function: %v, want NotFound", err)
	}
	id := n.mustCreate(t, "c")
	if _, err := n.CreateContainer(t.Context(), create("c", 0)); status.Code(err) != codes.AlreadyExists {
		t.Errorf("taken name: %v, want AlreadyExists", err)
	}
	if _, err := n.RemoveContainer(t.Context(), &nodeservicepb.RemoveContainerRequest{ContainerId: id}); err != nil {
		t.Fatal(err)
	}
	if again := n.mustCreate(t, "c"); again == id {
		t.Errorf("container id %s was given twice", id)
	}
}

// pending is a create hook that waits for the test, and the channels to see and end it.
func pending() (hook func(context.Context) error, begun <-chan struct{}, finish chan<- error) {
	started, result := make(chan struct{}), make(chan error)
	return func(ctx context.Context) error {
		close(started)
		select {
		case err := <-result:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}, started, result
}

func TestCallerLeavesDuringCreate(t *testing.T) {
	hook, begun, _ := pending()
	n := newTestNode(t, &scripted{create: hook})
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-begun
		leave()
	}()
	if _, err := n.CreateContainer(ctx, create("c", 0)); status.Code(err) != codes.Canceled {
		t.Errorf("got %v, want Canceled", err)
	}
	eventually(t, "nothing is left", func() bool { return len(n.stats(t).GetContainerStatsList()) == 0 && n.runtime.living() == 0 })
}

// TestCallerLeavesAsItIsMade: nobody would know of the container.
func TestCallerLeavesAsItIsMade(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	n := newTestNode(t, &scripted{create: func(context.Context) error {
		leave()
		return nil
	}})
	if _, err := n.server.CreateContainer(ctx, create("c", 0)); status.Code(err) != codes.Canceled {
		t.Errorf("got %v, want Canceled", err)
	}
	if left := n.stats(t).GetContainerStatsList(); len(left) != 0 || n.runtime.living() != 0 {
		t.Errorf("left: %v, %d alive", left, n.runtime.living())
	}
}

// TestReleaseDuringCreate: when Release answers, nothing is left and nothing is to come.
func TestReleaseDuringCreate(t *testing.T) {
	for _, stubborn := range []bool{false, true} {
		t.Run(fmt.Sprintf("stubborn=%v", stubborn), func(t *testing.T) {
			hook, begun, finish := pending()
			r := &scripted{create: hook}
			if stubborn { // it ends when it is done, asked or not
				r.create = func(context.Context) error { return hook(context.Background()) }
			}
			n := newTestNode(t, r)
			created := make(chan error, 1)
			go func() {
				_, err := n.CreateContainer(t.Context(), create("c", 0))
				created <- err
			}()
			<-begun
			before := n.stats(t)
			if list := before.GetContainerStatsList(); len(list) != 1 || list[0].GetState() != "creating" {
				t.Errorf("containers: %v, want one being created", list)
			}
			released := make(chan error, 1)
			go func() {
				_, err := n.Release(t.Context(), &nodeservicepb.ReleaseRequest{})
				released <- err
			}()
			if stubborn {
				eventually(t, "it is being stopped", func() bool { return n.stats(t).GetContainerStatsList()[0].GetState() == "stopping" })
				select {
				case <-released:
					t.Error("released while a container was still being made")
				default:
				}
				finish <- nil
			}
			if err := <-released; err != nil {
				t.Error(err)
			}
			after := n.stats(t)
			if len(after.GetContainerStatsList()) != 0 || n.runtime.living() != 0 {
				t.Errorf("left: %v, %d alive", after.GetContainerStatsList(), n.runtime.living())
			}
			if after.GetLiveId() == before.GetLiveId() {
				t.Error("the live id is the same")
			}
			if err := <-created; status.Code(err) != codes.Aborted {
				t.Errorf("create: %v, want Aborted", err)
			}
		})
	}
}

func TestReserveAndRelease(t *testing.T) {
	n := newTestNode(t, &scripted{})
	if _, err := n.Reserve(t.Context(), &nodeservicepb.ReserveRequest{OwnerAccountId: "me"}); err != nil {
		t.Fatal(err)
	}
	n.mustCreate(t, "a")
	n.mustCreate(t, "b")
	if owner := n.stats(t).GetOwnerAccountId(); owner != "me" {
		t.Errorf("owner %q, want me", owner)
	}
	if _, err := n.Release(t.Context(), &nodeservicepb.ReleaseRequest{}); err != nil {
		t.Fatal(err)
	}
	if st := n.stats(t); st.GetOwnerAccountId() != "" || len(st.GetContainerStatsList()) != 0 || n.runtime.living() != 0 {
		t.Errorf("after release: %v, %d alive", st, n.runtime.living())
	}
}

// TestRemoveThatFails: the container stays in the list until it is really gone.
func TestRemoveThatFails(t *testing.T) {
	n := newTestNode(t, &scripted{killErrors: []error{errors.New("device busy")}})
	id := n.mustCreate(t, "c")
	if _, err := n.RemoveContainer(t.Context(), &nodeservicepb.RemoveContainerRequest{ContainerId: id}); status.Code(err) != codes.Unavailable {
		t.Errorf("got %v, want Unavailable", err)
	}
	if list := n.stats(t).GetContainerStatsList(); len(list) != 1 || list[0].GetState() != "stopping" {
		t.Errorf("containers: %v, want one that is stopping", list)
	}
	if _, err := n.RemoveContainer(t.Context(), &nodeservicepb.RemoveContainerRequest{ContainerId: id}); err != nil {
		t.Errorf("second attempt: %v", err)
	}
	if _, err := n.RemoveContainer(t.Context(), &nodeservicepb.RemoveContainerRequest{ContainerId: id}); status.Code(err) != codes.NotFound {
		t.Errorf("third attempt: %v, want NotFound", err)
	}
}

func TestDeadContainerLeavesTheInventory(t *testing.T) {
	n := newTestNode(t, &scripted{})
	id := n.mustCreate(t, "c")
	if err := n.runtime.alive[id].Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the inventory is empty", func() bool { return len(n.stats(t).GetContainerStatsList()) == 0 })
	n.mustCreate(t, "c")
}

// TestEpochsOfCommands: which calls announce an epoch, and which are held to it.
func TestEpochsOfCommands(t *testing.T) {
	n := newTestNode(t, &scripted{})
	id := n.mustCreate(t, "c") // a foreign scheduler's
	if got := n.stats(t).GetEpoch(); got != 0 {
		t.Errorf("epoch %d, want none", got)
	}
	now := time.Now().UnixNano()
	if st, err := n.GetStats(t.Context(), &nodeservicepb.GetStatsRequest{Epoch: now}); err != nil || st.GetEpoch() != now {
		t.Errorf("announced: %v, %v", st.GetEpoch(), err)
	}
	_, statsErr := n.GetStats(t.Context(), &nodeservicepb.GetStatsRequest{Epoch: now - 1})
	_, createErr := n.CreateContainer(t.Context(), create("d", now-1))
	_, foreignErr := n.CreateContainer(t.Context(), create("d", 0))
	_, removeErr := n.RemoveContainer(t.Context(), &nodeservicepb.RemoveContainerRequest{ContainerId: id, Epoch: now - 1})
	for _, err := range []error{statsErr, createErr, foreignErr, removeErr} {
		if status.Code(err) != codes.PermissionDenied {
			t.Errorf("got %v, want PermissionDenied", err)
		}
	}
	if list := n.stats(t).GetContainerStatsList(); len(list) != 1 {
		t.Errorf("containers: %v, want the first alone", list)
	}
	if _, err := n.RemoveContainer(t.Context(), &nodeservicepb.RemoveContainerRequest{ContainerId: id, Epoch: now}); err != nil {
		t.Error(err)
	}
}
