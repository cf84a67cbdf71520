package native

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime/debug"
	"sync"
	"time"

	"github.com/minifaas/minifaas/containerservice/frame"
)

// server is the worker's side of the protocol.
type server struct {
	handler Handler
	frames  *frame.Writer

	// reading is held by the goroutine that waits for the next invocation. It then
	// lets another wait and runs the invocation itself: the thread that the
	// kernel wakes is the one that does the work.
	reading sync.Mutex
	reader  *frame.Reader

	mu      sync.Mutex // guards running and idle
	running map[uint64]context.CancelFunc
	idle    int // goroutines that hold reading, or wait for it
}

// serve returns nil when the agent closes the connection.
func serve(conn io.ReadWriter, h Handler) error {
	s := &server{handler: h, frames: frame.NewWriter(conn), reader: frame.NewReader(conn), running: map[uint64]context.CancelFunc{}}
	if err := s.frames.Write(frame.Ready, 0); err != nil {
		return fmt.Errorf("say ready: %w", err)
	}
	ended := make(chan error, 1)
	go s.loop(ended)
	if err := <-ended; err != io.EOF {
		return err
	}
	return nil
}

// invocation is one that was read and is to be run.
type invocation struct {
	call  uint64
	ctx   context.Context
	event []byte
}

// loop runs one invocation after the other.
func (s *server) loop(ended chan<- error) {
	for {
		s.count(+1)
		s.reading.Lock()
		inv, err := s.next()
		if err != nil {
			ended <- err // and s.reading stays locked: nobody reads any more
			return
		}
		if s.count(-1) == 0 {
			go s.loop(ended)
		}
		s.reading.Unlock()
		s.invoke(inv)
	}
}

// count adds to the idle goroutines and returns how many there are.
func (s *server) count(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle += n
	return s.idle
}

// next reads until there is an invocation.
func (s *server) next() (invocation, error) {
	for {
		head, err := s.reader.Next()
		if err == io.EOF {
			return invocation{}, err
		}
		if err != nil {
			return invocation{}, fmt.Errorf("read frame: %w", err)
		}
		switch head.Type {
		case frame.Cancel:
			s.end(head.Call)
		case frame.Invoke:
			if head.Size > frame.MaxPayload {
				return invocation{}, fmt.Errorf("read frame: invocation of %d bytes", head.Size)
			}
			payload, err := s.reader.Payload()
			if err != nil {
				return invocation{}, fmt.Errorf("read frame: %w", err)
			}
			return s.begin(head.Call, payload)
		}
	}
}

// begin makes an invocation known before another goroutine reads on: the next
// frame may cancel it.
func (s *server) begin(call uint64, payload []byte) (invocation, error) {
	line, event, _ := bytes.Cut(payload, []byte("\n"))
	var inv frame.Invocation
	if err := json.Unmarshal(line, &inv); err != nil {
		return invocation{}, fmt.Errorf("read invocation: %w", err)
	}
	ctx := context.WithValue(context.Background(), requestID{}, inv.RequestID)
	ctx, cancel := context.WithDeadline(ctx, time.UnixMilli(inv.DeadlineMS))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running[call] = cancel
	return invocation{call, ctx, event}, nil
}

// invoke runs an invocation.
func (s *server) invoke(inv invocation) {
	result, failure := s.run(inv.ctx, inv.event)
	s.end(inv.call)
	// If writing fails, the agent is gone, and with it whoever wants to know.
	if failure != nil {
		_ = s.frames.WriteFailure(frame.Error, inv.call, *failure)
	} else {
		_ = s.frames.Write(frame.Result, inv.call, result)
	}
}

// end cancels the context of an invocation and forgets it.
func (s *server) end(call uint64) {
	s.mu.Lock()
	cancel := s.running[call]
	delete(s.running, call)
	s.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

func (s *server) run(ctx context.Context, event []byte) (result []byte, failure *frame.Failure) {
	defer func() {
		if v := recover(); v != nil {
			failure = &frame.Failure{Type: "panic", Message: fmt.Sprint(v), StackTrace: string(debug.Stack())}
		}
	}()
	result, err := s.handler(ctx, event)
	if err != nil {
		return nil, &frame.Failure{Type: typeName(err), Message: err.Error()}
	}
	return result, nil
}

// typeName is the type of the innermost error: wrappers have names that say nothing.
func typeName(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			break
		}
		err = inner
	}
	t := reflect.TypeOf(err)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.String()
}
