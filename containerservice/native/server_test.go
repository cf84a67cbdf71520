package native

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/minifaas/minifaas/containerservice/frame"
)

// agent is the other side of a server's connection.
type agent struct {
	*frame.Writer
	*frame.Reader
	conn net.Conn
}

// serving starts a server and returns its agent and what serve returns.
func serving(t *testing.T, h Handler) (*agent, <-chan error) {
	t.Helper()
	ours, theirs := net.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- serve(theirs, h) }()
	a := &agent{frame.NewWriter(ours), frame.NewReader(ours), ours}
	a.expect(t, frame.Ready, 0)
	return a, ended
}

// expect reads a frame and returns its payload.
func (a *agent) expect(t *testing.T, kind frame.Type, call uint64) string {
	t.Helper()
	h, err := a.Next()
	if err != nil {
		t.Fatal(err)
	}
	p, err := a.Payload()
	if err != nil {
		t.Fatal(err)
	}
	if h.Type != kind || h.Call != call {
		t.Fatalf("frame %+v %q, want type %d of call %d", h, p, kind, call)
	}
	return string(p)
}

func TestServe(t *testing.T) {
	a, ended := serving(t, func(ctx context.Context, event []byte) ([]byte, error) {
		switch string(event) {
		case "panic":
			panic("oh")
		case "wait":
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return []byte(RequestID(ctx) + " " + string(event)), nil
	})
	in := func(d time.Duration) frame.Invocation {
		return frame.Invocation{RequestID: "r", DeadlineMS: time.Now().Add(d).UnixMilli()}
	}
	_ = a.WriteInvoke(1, in(time.Minute), []byte("wait"))
	_ = a.WriteInvoke(2, in(time.Minute), []byte("event\nof two lines"))
	if got := a.expect(t, frame.Result, 2); got != "r event\nof two lines" {
		t.Errorf("got %q", got)
	}
	_ = a.Write(frame.Cancel, 99) // over or unknown: nothing
	_ = a.Write(frame.Cancel, 1)
	if got := frame.ParseFailure([]byte(a.expect(t, frame.Error, 1))); got.Message != context.Canceled.Error() {
		t.Errorf("canceled: %+v", got)
	}
	_ = a.WriteInvoke(3, in(10*time.Millisecond), []byte("wait"))
	if got := frame.ParseFailure([]byte(a.expect(t, frame.Error, 3))); got.Message != context.DeadlineExceeded.Error() {
		t.Errorf("past its deadline: %+v", got)
	}
	_ = a.WriteInvoke(4, in(time.Minute), []byte("panic"))
	if got := frame.ParseFailure([]byte(a.expect(t, frame.Error, 4))); got.Type != "panic" || got.Message != "oh" || !strings.Contains(got.StackTrace, "TestServe") {
		t.Errorf("panic: %+v", got)
	}
	a.conn.Close()
	if err := <-ended; err != nil {
		t.Errorf("serve: %v", err)
	}
}

func TestServeRefusesNonsense(t *testing.T) {
	a, ended := serving(t, func(context.Context, []byte) ([]byte, error) { return nil, nil })
	_ = a.Write(frame.Invoke, 1, []byte("not json\n"))
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "read invocation") {
		t.Errorf("serve: %v", err)
	}
}

func TestTypeName(t *testing.T) {
	if got := typeName(errors.Join(errors.New("x"))); got != "errors.joinError" {
		t.Errorf("got %s", got)
	}
}
