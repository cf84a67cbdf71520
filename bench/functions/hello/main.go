// Command hello greets whom the event names.
package main

import (
	"context"

	"github.com/minifaas/minifaas/containerservice/native"
)

func main() {
	native.Serve(func(_ context.Context, event []byte) ([]byte, error) {
		if len(event) == 0 {
			event = []byte("world")
		}
		return append([]byte("hello, "), event...), nil
	})
}
