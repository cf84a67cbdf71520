package nodeservice

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/nodeservice/sandbox"
	nodeservicepb "github.com/minifaas/minifaas/proto/nodeservice"
)

// TestContainerAge: the node tells how long a container had been ready, and
// whether an invocation was among the first in it: nobody else can tell a cold start.
func TestContainerAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := statsNode(t, &scripted{invoke: func(_ context.Context, _ *scriptedContainer, inv sandbox.Invocation) (sandbox.Result, error) {
			if string(inv.Event) == "long" {
				time.Sleep(time.Minute)
			}
			return sandbox.Result{}, nil
		}})
		defer n.Close()
		created, err := n.CreateContainer(t.Context(), create("c", 0))
		if err != nil {
			t.Fatal(err)
		}
		invoke := func(event string) *footer {
			reply, err := n.InvokeFunctionUnary(t.Context(), &nodeservicepb.InvokeFunctionRequest{ContainerId: created.GetContainerId(), Event: []byte(event)})
			if err != nil {
				t.Error(err)
			}
			return reply.GetFooter()
		}
		time.Sleep(time.Second)
		long := make(chan *footer)
		go func() { long <- invoke("long") }()
		synctest.Wait()
		time.Sleep(time.Second)
		for i, test := range []struct {
			got   *footer
			age   time.Duration
			fresh bool
		}{{invoke("beside it"), 2 * time.Second, true}, {invoke("later"), 2 * time.Second, false}, {<-long, time.Second, true}} {
			if age := time.Duration(test.got.GetContainerAgeInNanos()); age != test.age || test.got.GetContainerFresh() != test.fresh {
				t.Errorf("%d: age %v, fresh %v; want %v, %v", i, age, test.got.GetContainerFresh(), test.age, test.fresh)
			}
		}
	})
}

// TestCounters: each container counts once, however many invocations went with it.
func TestCounters(t *testing.T) {
	bad := false
	oom := make(chan struct{})
	r := &scripted{
		create: func(context.Context) error {
			if bad {
				return errors.New("no disk")
			}
			return nil
		},
		invoke: func(context.Context, *scriptedContainer, sandbox.Invocation) (sandbox.Result, error) {
			<-oom
			return sandbox.Result{Lost: true}, fmt.Errorf("killed: %w", sandbox.ErrLostToMemory)
		},
		usage: sandbox.Usage{CPU: 5},
	}
	n := newTestNode(t, r)
	crowded, removed := n.mustCreate(t, "crowded"), n.mustCreate(t, "removed")
	n.mustCreate(t, "left")
	bad = true
	if _, err := n.CreateContainer(t.Context(), create("bad", 0)); err == nil {
		t.Error("a creation that failed has succeeded")
	}
	first, second := n.begin(t, t.Context(), crowded, "r1"), n.begin(t, t.Context(), crowded, "r2")
	close(oom)
	for _, ended := range []<-chan error{first, second} {
		if err := <-ended; status.Code(err) != codes.Aborted {
			t.Errorf("got %v, want ABORTED", err)
		}
	}
	if _, err := n.RemoveContainer(t.Context(), &nodeservicepb.RemoveContainerRequest{ContainerId: removed}); err != nil {
		t.Fatal(err)
	}
	c := n.stats(t).GetCounters()
	if c.GetContainersCreated() != 3 || c.GetContainersFailed() != 1 || c.GetContainersRemoved() != 1 || c.GetContainersOutOfMemory() != 1 || c.GetCpuTimeInNanos() != 5 {
		t.Errorf("counters: %v", c)
	}
}

// TestContainerOfAnotherFunction: a scheduler may mix them up.
func TestContainerOfAnotherFunction(t *testing.T) {
	n := newTestNode(t, &scripted{invoke: func(context.Context, *scriptedContainer, sandbox.Invocation) (sandbox.Result, error) {
		return sandbox.Result{}, nil
	}})
	id := n.mustCreate(t, "c")
	for name, want := range map[string]codes.Code{
		"":        codes.OK,
		"hello":   codes.OK,
		"another": codes.FailedPrecondition,
		"hello@2": codes.FailedPrecondition,
	} {
		_, err := n.invoke(t.Context(), &nodeservicepb.InvokeFunctionRequest{ContainerId: id, FunctionMeta: &nodeservicepb.FunctionMeta{FunctionName: name}})
		if status.Code(err) != want {
			t.Errorf("function %q: got %v, want %v", name, err, want)
		}
	}
}
