// Package native runs functions that are resident programs on the framed
// protocol; the handler is the executable's name.
package native

import (
	"context"

	"github.com/minifaas/minifaas/containerservice/runtime"
	"github.com/minifaas/minifaas/containerservice/runtime/resident"
)

// DefaultHandler is the executable when the handler is empty.
const DefaultHandler = "bootstrap"

// Start is a runtime.Starter.
func Start(ctx context.Context, f runtime.Function) (runtime.Runtime, string, error) {
	if f.Handler == "" {
		f.Handler = DefaultHandler
	}
	path, err := f.Executable(f.Handler)
	if err != nil {
		return nil, "", err
	}
	rt, log, err := resident.Start(ctx, f, resident.Command{Path: path})
	return rt, log, runtime.StartError(err)
}
