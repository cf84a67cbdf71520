package native_test

import (
	"bytes"
	"context"

	"github.com/minifaas/minifaas/containerservice/native"
)

// A function that shouts. Its folder holds the executable and a function.yaml:
//
//	name: shout
//	runtime: native
//	handler: shout
func ExampleServe() {
	native.Serve(func(_ context.Context, event []byte) ([]byte, error) {
		return bytes.ToUpper(event), nil
	})
}
