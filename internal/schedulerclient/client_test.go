package schedulerclient

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"

	schedulerpb "github.com/minifaas/minifaas/proto/scheduler"
)

type stream = grpc.BidiStreamingServer[schedulerpb.SessionRequest, schedulerpb.SessionReply]

// TestOrder: what is returned before an acquire gets there before it, by whichever way.
func TestOrder(t *testing.T) {
	for _, way := range []string{"session", "unary"} {
		t.Run(way, func(t *testing.T) {
			s := &scheduler{}
			if way == "session" {
				s.session = s.grants
			}
			c := newClient(t, s)
			want := []string{}
			for i := range 300 {
				id := fmt.Sprint(i)
				lease, err := c.Acquire(patient(t), request(id))
				if err != nil || lease.GetContainerId() == "" {
					t.Fatalf("acquire %s: %v, %v", id, lease, err)
				}
				c.Return("f", giveBack(id))
				want = append(want, "+"+id, "-"+id)
			}
			c.Close()
			if !slices.Equal(s.told, want) {
				t.Errorf("the scheduler was told %v", s.told)
			}
			if c.Unary() != (way == "unary") {
				t.Errorf("unary: %v", c.Unary())
			}
		})
	}
}

// TestStorm: thousands at once, each with an answer of its own.
func TestStorm(t *testing.T) {
	const storm = 10_000
	s := &scheduler{}
	s.session = s.grants
	c := newClient(t, s)
	var calls sync.WaitGroup
	for i := range storm {
		calls.Go(func() {
			id := fmt.Sprint(i)
			if lease, err := c.Acquire(patient(t), request(id)); err != nil || lease.GetContainerId() != id {
				t.Errorf("acquire %s: %v, %v", id, lease, err)
			}
			c.Return("f", giveBack(id))
		})
	}
	calls.Wait()
	c.Close()
	slices.Sort(s.told)
	if len(s.told) != 2*storm || len(slices.Compact(s.told)) != 2*storm || s.sessions != 1 {
		t.Errorf("told of %d acquires and returns in %d sessions", len(s.told), s.sessions)
	}
}

// TestSessionBreaks: the next one is told again of what has no answer, once.
func TestSessionBreaks(t *testing.T) {
	s := &scheduler{}
	var first []*schedulerpb.SessionAcquire
	s.session = func(stream stream) error {
		if s.sessions > 1 {
			return s.grants(stream)
		}
		// It hears two acquires and two returns, confirms one return, and dies.
		for acquires, returns := 0, 0; acquires < 2 || returns < 2; {
			req, err := stream.Recv()
			if err != nil {
				return err
			}
			first = append(first, req.GetAcquires()...)
			acquires, returns = acquires+len(req.GetAcquires()), returns+len(req.GetReturns())
		}
		if err := stream.Send(&schedulerpb.SessionReply{Returned: 1}); err != nil {
			return err
		}
		return status.Error(codes.Unavailable, "killed")
	}
	c := newClient(t, s)
	var calls sync.WaitGroup
	for _, id := range []string{"a", "b"} {
		calls.Go(func() {
			if lease, err := c.Acquire(patient(t), request(id)); err != nil || lease.GetContainerId() != id {
				t.Errorf("acquire %s: %v, %v", id, lease, err)
			}
		})
	}
	c.Return("f", giveBack("x"))
	c.Return("f", giveBack("y"))
	calls.Wait()
	c.Close()
	slices.Sort(s.told)
	if want := []string{"+a", "+b", "-y"}; !slices.Equal(s.told, want) || s.sessions != 2 {
		t.Errorf("the second of %d sessions was told %v, want %v", s.sessions, s.told, want)
	}
	if first[0].GetTimeoutInNanos() <= 0 {
		t.Errorf("no patience was told: %v", first[0])
	}
}

// TestRestart: the scheduler goes while a call waits, and comes back at the same place.
func TestRestart(t *testing.T) {
	s := &scheduler{}
	waits := make(chan struct{})
	s.session = func(stream stream) error {
		if s.sessions > 1 {
			return s.grants(stream)
		}
		_, err := stream.Recv()
		close(waits)
		<-stream.Context().Done()
		return err
	}
	c := newClient(t, s)
	go func() {
		<-waits
		s.server.Stop()
		s.serve(t)
	}()
	if lease, err := c.Acquire(patient(t), request("r")); err != nil || lease.GetContainerId() != "r" {
		t.Errorf("got %v, %v", lease, err)
	}
	c.Close()
}

// TestCallerLeaves: the scheduler is told, and what it grants all the same is returned.
func TestCallerLeaves(t *testing.T) {
	s := &scheduler{}
	waits, canceled := make(chan struct{}), make(chan uint64, 1)
	s.session = func(stream stream) error {
		req, err := stream.Recv()
		if err != nil {
			return err
		}
		close(waits)
		a := req.GetAcquires()[0]
		if req, err = stream.Recv(); err != nil {
			return err
		}
		canceled <- req.GetCancels()[0] - a.GetId()
		if err := stream.Send(&schedulerpb.SessionReply{Answers: []*schedulerpb.SessionAnswer{granted(a)}}); err != nil {
			return err
		}
		return s.grants(stream)
	}
	c := newClient(t, s)
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-waits
		leave()
	}()
	if _, err := c.Acquire(ctx, request("r")); status.Code(err) != codes.Canceled {
		t.Errorf("got %v, want Canceled", err)
	}
	if <-canceled != 0 {
		t.Error("the scheduler was told of another call")
	}
	if _, err := c.Acquire(patient(t), request("next")); err != nil {
		t.Error(err)
	}
	c.Close()
	slices.Sort(s.told)
	if want := []string{"+next", "-r"}; !slices.Equal(s.told, want) {
		t.Errorf("told afterwards: %v, want %v", s.told, want)
	}
}

// TestErrors reach the caller as a call's would, with all their details.
func TestErrors(t *testing.T) {
	retry, err := anypb.New(&errdetails.RetryInfo{})
	if err != nil {
		t.Fatal(err)
	}
	s := &scheduler{session: func(stream stream) error {
		for {
			req, err := stream.Recv()
			if err != nil {
				return nil
			}
			for _, a := range req.GetAcquires() {
				answer := &schedulerpb.SessionAnswer{Id: a.GetId()}
				switch a.GetRequest().GetRequestId() {
				case "full":
					answer.Error = &schedulerpb.SessionError{Code: int32(codes.ResourceExhausted), Message: "full", Details: []*anypb.Any{retry}}
				case "fatal":
					return status.Error(codes.Internal, "broken")
				}
				if err := stream.Send(&schedulerpb.SessionReply{Answers: []*schedulerpb.SessionAnswer{answer}}); err != nil {
					return err
				}
			}
		}
	}}
	c := newClient(t, s)
	_, err = c.Acquire(patient(t), request("full"))
	if got := status.Convert(err); got.Code() != codes.ResourceExhausted || len(got.Details()) != 1 {
		t.Errorf("refused: %v", err)
	}
	if _, err := c.Acquire(patient(t), request("empty")); status.Code(err) != codes.Internal || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("an empty answer: %v", err)
	}
	if _, err := c.Acquire(patient(t), request("fatal")); status.Code(err) != codes.Internal || !strings.Contains(err.Error(), "broken") {
		t.Errorf("the session breaks for good: %v", err)
	}
	c.Close()
}

// TestFallBack: what was sent on the session that does not exist is not lost.
func TestFallBack(t *testing.T) {
	s := &scheduler{}
	c := newClient(t, s)
	c.Return("f", giveBack("x"))
	var calls sync.WaitGroup
	for _, id := range []string{"a", "b", "c"} {
		calls.Go(func() {
			if lease, err := c.Acquire(patient(t), request(id)); err != nil || lease.GetContainerId() != "alone" {
				t.Errorf("acquire %s: %v, %v", id, lease, err)
			}
		})
	}
	calls.Wait()
	c.Close()
	if s.told[0] != "-x" || len(s.told) != 4 {
		t.Errorf("told: %v", s.told)
	}
}

// TestManyReturns take more than one message, and their texts are cut.
func TestManyReturns(t *testing.T) {
	s := &scheduler{}
	most, longest := 0, 0
	s.session = func(stream stream) error {
		for {
			req, err := stream.Recv()
			if err != nil {
				return nil
			}
			s.hear(req)
			most = max(most, len(req.GetReturns()))
			longest = max(longest, len(req.GetReturns()[0].GetErrorMessage()))
		}
	}
	c := newClient(t, s)
	for i := range 1000 {
		r := giveBack(fmt.Sprint(i))
		r.ErrorMessage = strings.Repeat("€", 10_000)
		c.Return("f", r)
	}
	c.Close()
	if len(s.told) != 1000 || most > mostCalls || longest > mostErrorText {
		t.Errorf("%d returns, at most %d in a message, texts of %d bytes", len(s.told), most, longest)
	}
}
