package wire

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// service answers events with themselves; some are words that it obeys.
type service struct {
	Service
	begun chan struct{} // gets one for each "wait"
	ended chan error    // gets what has ended a "wait"
}

func (s *service) Invoke(ctx context.Context, request *InvokeRequest) (*InvokeReply, error) {
	switch string(request.Event) {
	case "fail":
		return nil, Error(Aborted, "oh")
	case "garble":
		return nil, Error(Internal, "no \xff")
	case "large":
		return &InvokeReply{Body: make([]byte, 2<<20)}, nil
	case "flood":
		return &InvokeReply{Body: make([]byte, most)}, nil
	case "wait":
		s.begun <- struct{}{}
		<-ctx.Done()
		s.ended <- ctx.Err()
	}
	return &InvokeReply{Body: request.Event}, nil
}

func (s *service) Trim(context.Context, *TrimRequest) (*TrimReply, error) {
	return &TrimReply{}, nil
}

// pair is a client and its service, until the test closes the connection.
func pair(t *testing.T) (*Client, *service, net.Conn) {
	t.Helper()
	ours, theirs := net.Pipe()
	s := &service{begun: make(chan struct{}, 1), ended: make(chan error, 1)}
	over := make(chan struct{})
	go func() {
		defer close(over)
		Serve(theirs, s)
	}()
	t.Cleanup(func() {
		ours.Close()
		<-over
	})
	return NewClient(ours), s, ours
}

func invoke(ctx context.Context, c *Client, event string) (string, error) {
	reply, err := c.Invoke(ctx, &InvokeRequest{Event: []byte(event)})
	return string(reply.Body), err
}

func TestAnswersFindTheirCalls(t *testing.T) {
	c, _, _ := pair(t)
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			event := strings.Repeat("x", 1000*i)
			if got, err := invoke(t.Context(), c, event); err != nil || got != event {
				t.Errorf("event of %d bytes: got %d, %v", len(event), len(got), err)
			}
		})
	}
	all.Wait()
	if reply, err := c.Trim(t.Context(), &TrimRequest{}); err != nil || reply == nil {
		t.Errorf("an empty reply: %v, %v", reply, err)
	}
}

func TestFailures(t *testing.T) {
	c, _, _ := pair(t)
	for event, want := range map[string]Code{
		"fail":                      Aborted,
		"garble":                    Internal,
		"flood":                     ResourceExhausted,
		strings.Repeat("x", most+1): ResourceExhausted,
	} {
		if _, err := invoke(t.Context(), c, event); CodeOf(err) != want {
			t.Errorf("%.9q: %v, want %v", event, err, want)
		}
	}
	if _, err := c.call(t.Context(), &Call{}); CodeOf(err) != Unimplemented {
		t.Errorf("a call of nothing: %v", err)
	}
	if got, err := invoke(t.Context(), c, "still here"); err != nil || got != "still here" {
		t.Errorf("after those: %q, %v", got, err)
	}
}

// TestCallerLeaves: who leaves is not held up, nor are the others.
func TestCallerLeaves(t *testing.T) {
	c, s, _ := pair(t)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := invoke(ctx, c, "wait")
		left <- err
	}()
	<-s.begun
	leave()
	if err := <-left; CodeOf(err) != Canceled {
		t.Errorf("who left: %v", err)
	}
	if got, err := invoke(t.Context(), c, "echo"); err != nil || got != "echo" {
		t.Errorf("another: %q, %v", got, err)
	}
}

// TestLineEnds: all calls are answered, also those to come, and the service knows.
func TestLineEnds(t *testing.T) {
	c, s, conn := pair(t)
	open := make(chan error)
	go func() {
		_, err := invoke(t.Context(), c, "wait")
		open <- err
	}()
	<-s.begun
	conn.Close()
	if err := <-s.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the service: %v", err)
	}
	if err := <-open; CodeOf(err) != Unavailable {
		t.Errorf("an open call: %v", err)
	}
	if _, err := invoke(t.Context(), c, "echo"); CodeOf(err) != Unavailable {
		t.Errorf("a call after that: %v", err)
	}
}

// TestNonsense ends the line.
func TestNonsense(t *testing.T) {
	ours, theirs := net.Pipe()
	c := NewClient(ours)
	go func() {
		_, _ = theirs.Read(make([]byte, 100))
		_, _ = theirs.Write([]byte{0xff, 0xff, 0xff, 0xff})
	}()
	if _, err := invoke(t.Context(), c, "echo"); CodeOf(err) != Unavailable || !strings.Contains(err.Error(), "too large") {
		t.Errorf("a message of 4 GiB: %v", err)
	}
}

// TestSmallAmongLarge: a small call is answered before most of the large ones that were there
// before, whichever way these are large.
func TestSmallAmongLarge(t *testing.T) {
	const large, size = 16, 2 << 20
	for name, event := range map[string]string{"events": strings.Repeat("x", size), "results": "large"} {
		c, _, _ := pair(t)
		var all sync.WaitGroup
		var done atomic.Int32
		for range large {
			all.Go(func() {
				if got, err := invoke(t.Context(), c, event); err != nil || len(got) != size {
					t.Errorf("%s: %d bytes, %v", name, len(got), err)
				}
				done.Add(1)
			})
		}
		for done.Load() == 0 { // they are on their way
			time.Sleep(time.Millisecond)
		}
		before := done.Load()
		if got, err := invoke(t.Context(), c, "small"); err != nil || got != "small" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if more := done.Load() - before; more > large/2 {
			t.Errorf("%s: a small call waited for %d of %d large ones", name, more, large)
		}
		all.Wait()
	}
}

// TestUnread: calls that nobody waits for any more are not kept for who does not read.
func TestUnread(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	c := NewClient(ours)
	event := strings.Repeat("x", mostFrame/2)
	for range 1000 {
		ctx, leave := context.WithCancel(t.Context())
		leave()
		if _, err := invoke(ctx, c, event); CodeOf(err) != Canceled {
			t.Errorf("who has left: %v", err)
		}
	}
	l := c.line
	l.mu.Lock()
	if most := mostQueued + 2*mostFrame; len(l.queue) > most {
		t.Errorf("%d bytes are to be written, want %d at most", len(l.queue), most)
	}
	l.mu.Unlock()
	ours.Close()
	if _, err := invoke(t.Context(), c, "echo"); CodeOf(err) != Unavailable {
		t.Errorf("a call on a line that can't be written to: %v", err)
	}
}

// TestLies: answers that no agent would give end the line.
func TestLies(t *testing.T) {
	for name, lie := range map[string]*Answer{"to no call": {ID: 7}, "no code": {ID: 1, Code: -1}} {
		ours, theirs := net.Pipe()
		c := NewClient(ours)
		go func() {
			l := newLine(theirs)
			_ = l.receive(callFields(&Call{}))
			_ = l.send(answerFields(lie), always)
		}()
		if _, err := invoke(t.Context(), c, "echo"); CodeOf(err) != Unavailable || !strings.Contains(err.Error(), "an answer") {
			t.Errorf("%s: %v", name, err)
		}
		theirs.Close()
	}
}
