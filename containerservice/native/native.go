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
	"context"
	"fmt"
	"os"
	"strconv"
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
