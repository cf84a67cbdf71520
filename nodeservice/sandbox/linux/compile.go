package linux

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
)

const (
	// compileRuntime is that of the agent's which compiles a wasm function's module.
	compileRuntime = "wasm-compile"
	// compileMemory is the limit of a compiling container: a small program in Go takes
	// some 100 MiB of it. There is one at a time, in the memory that a node does not offer.
	compileMemory = 1 << 30
	// compileTimeout is below the minute that a cold start may take.
	compileTimeout = 50 * time.Second
)

// compile gets a module's compiled form out of a container of its own, which
// runs nothing of the function.
func (r *Runtime) compile(digest string, f function.Function, code string, archive func(io.Reader) error) error {
	begun := time.Now()
	f.Runtime = compileRuntime
	spec := sandbox.Spec{ID: "compile-" + digest[:16], Function: f, Memory: min(compileMemory, r.cfg.Memory/4)}
	c, err := r.fromScratch(spec, nil, r.mounts(code, ""))
	if err != nil {
		return err
	}
	defer func() { _ = c.Kill() }()
	ctx, cancel := context.WithTimeout(context.Background(), compileTimeout)
	defer cancel()
	err = c.load(ctx, r.loadRequest(spec, code, "", interpreter{}))
	if err == nil && c.broken == nil {
		err = archive(&results{ctx: ctx, container: c})
	}
	var fault error
	switch {
	case c.broken != nil:
		fault = errors.New(c.broken.Error.Message)
	case ctx.Err() != nil:
		fault = fmt.Errorf("module took longer than %v to compile", compileTimeout)
	case err != nil && c.dead():
		fault = err // too much for that container, or the node is closing
	case err != nil:
		return err
	}
	if fault != nil {
		// Its own container tries for itself, and says what is wrong.
		r.modules.faulty.Store(digest, true)
		return codeError{fault}
	}
	r.log.Info("module compiled", zap.Stringer("function", f.Name), zap.String("digest", digest), zap.Duration("took", time.Since(begun)))
	return nil
}

// results reads the archive that a compiling container has: an invocation's event
// is a position, and its result what is there.
type results struct {
	ctx       context.Context
	container *container
	at        int64
	part      bytes.Reader
}

func (r *results) Read(p []byte) (int, error) {
	if r.part.Len() > 0 {
		return r.part.Read(p)
	}
	result, err := r.container.Invoke(r.ctx, sandbox.Invocation{Event: strconv.AppendInt(nil, r.at, 10), Timeout: compileTimeout})
	if err != nil {
		return 0, err
	}
	if result.Error != nil {
		return 0, errors.New(result.Error.Message)
	}
	if len(result.Body) == 0 {
		return 0, io.EOF
	}
	r.at += int64(len(result.Body))
	r.part.Reset(result.Body)
	return r.part.Read(p)
}
