// Package native is for functions that are resident programs written in Go:
//
//	func main() {
//		native.Serve(func(ctx context.Context, event []byte) ([]byte, error) {
//			return append([]byte("hello "), event...), nil
//		})
//	}
//
// The program is started once in a container and runs many invocations at
// once; what it does before Serve is its initialisation. It must be an
// executable of its own: build it with CGO_ENABLED=0, name it in the function's
// handler, and choose the runtime native. What it writes to stdout and stderr is
// the log of the invocations that run at the time.
//
// A function in another language speaks the same protocol: docs/native-protocol.md.
package native

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/minifaas/minifaas/containerservice/frame"
)

// Handler runs one invocation; many run at once. It owns event. Its ctx ends at the
// invocation's timeout, or when the caller leaves: a handler that goes on takes
// the whole container with it. An error is reported by its type and
// message, a panic also with its stack; it ends nothing else.
type Handler func(ctx context.Context, event []byte) ([]byte, error)

type requestID struct{}

// RequestID is the id of the invocation that ctx belongs to.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestID{}).(string)
	return id
}

// Serve runs invocations until the platform ends the program. It does not return.
func Serve(h Handler) {
	fd, err := strconv.Atoi(os.Getenv("MINIFAAS_FD"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "native: no MINIFAAS_FD in the environment: this program is a function, to be run by minifaas")
		os.Exit(1)
	}
	conn, err := socket(fd)
	if err == nil {
		err = serve(conn, h)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "native: %v\n", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// server is the worker's side of the protocol.
type server struct {
	handler Handler
	frames  *frame.Writer

	mu      sync.Mutex // guards running
	running map[uint64]context.CancelFunc
}

// serve returns nil when the agent closes the connection.
func serve(conn io.ReadWriter, h Handler) error {
	s := &server{handler: h, frames: frame.NewWriter(conn), running: map[uint64]context.CancelFunc{}}
	if err := s.frames.Write(frame.Ready, 0); err != nil {
		return fmt.Errorf("say ready: %w", err)
	}
	r := frame.NewReader(conn)
	for {
		head, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read frame: %w", err)
		}
		switch head.Type {
		case frame.Invoke:
			if head.Size > frame.MaxPayload {
				return fmt.Errorf("read frame: invocation of %d bytes", head.Size)
			}
			payload, err := r.Payload()
			if err != nil {
				return fmt.Errorf("read frame: %w", err)
			}
			if err := s.invoke(head.Call, payload); err != nil {
				return err
			}
		case frame.Cancel:
			s.end(head.Call)
		}
	}
}

// invoke starts an invocation.
func (s *server) invoke(call uint64, payload []byte) error {
	line, event, _ := bytes.Cut(payload, []byte("\n"))
	var inv frame.Invocation
	if err := json.Unmarshal(line, &inv); err != nil {
		return fmt.Errorf("read invocation: %w", err)
	}
	ctx := context.WithValue(context.Background(), requestID{}, inv.RequestID)
	ctx, cancel := context.WithDeadline(ctx, time.UnixMilli(inv.DeadlineMS))
	s.mu.Lock()
	s.running[call] = cancel
	s.mu.Unlock()
	go func() {
		result, failure := s.run(ctx, event)
		s.end(call)
		// If writing fails, the agent is gone, and with it whoever wants to know.
		if failure != nil {
			_ = s.frames.WriteFailure(frame.Error, call, *failure)
		} else {
			_ = s.frames.Write(frame.Result, call, result)
		}
	}()
	return nil
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
