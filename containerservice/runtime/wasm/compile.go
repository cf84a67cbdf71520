package wasm

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	goruntime "runtime"
	"runtime/debug"
	"strconv"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/minifaas/minifaas/containerservice/rss"
	"github.com/minifaas/minifaas/containerservice/runtime"
)

// A module's compiled form is a folder with the rewritten module, what its memory begins
// with, and what wazero makes of it, which is of use to this version of it on this kind of processor. It is
// machine code that the agent trusts, so that only an agent that has run nothing
// of any function may make it: the runtime that Compile starts.

// rewritten is the module in the folder of its compiled form.
const rewritten = "module.wasm"

// largeModule is the size, in bytes, from which it is worth a millisecond to give
// back the memory that loading it took.
const largeModule = 1 << 20

// open gets a module ready from its compiled form.
func open(ctx context.Context, folder string) (*module, error) {
	code, err := os.ReadFile(filepath.Join(folder, rewritten))
	if err != nil {
		return nil, fmt.Errorf("open compiled module: %w", err)
	}
	cache, err := wazero.NewCompilationCacheWithDir(folder)
	if err != nil {
		return nil, fmt.Errorf("open compiled module: %w", err)
	}
	image, err := openImage(folder)
	if err != nil {
		return nil, fmt.Errorf("open compiled module: %w", err)
	}
	m, err := newModule(ctx, rewritten, code, image, cache)
	if err == nil && len(code) > largeModule {
		debug.FreeOSMemory() // reading it has left some times its size
	}
	return m, err
}

// compiler is a runtime that runs nothing: its results are parts of the archive.
type compiler struct {
	archive []byte
	meter   *rss.Meter
}

// Compile is a runtime.Starter that compiles the module. The runtime's events are
// positions, as decimal numbers, in a tar archive of the compiled form; the result is
// what is there, or empty at the end.
func Compile(ctx context.Context, f runtime.Function) (runtime.Runtime, string, error) {
	useProcessors(f.Memory)
	f.Handler = handler(f)
	code, image, err := read(f)
	if err != nil {
		return nil, "", err
	}
	folder, err := os.MkdirTemp("", "compiled-")
	if err != nil {
		return nil, "", fmt.Errorf("compile module: %w", err)
	}
	defer os.RemoveAll(folder)
	cache, err := wazero.NewCompilationCacheWithDir(folder)
	if err != nil {
		return nil, "", fmt.Errorf("compile module: %w", err)
	}
	m, err := newModule(experimental.WithCompilationWorkers(ctx, goruntime.GOMAXPROCS(0)), f.Handler, code, nil, cache)
	if err != nil {
		return nil, "", err
	}
	m.close()
	if err := errors.Join(os.WriteFile(filepath.Join(folder, rewritten), code, 0o600), image.save(folder)); err != nil {
		return nil, "", fmt.Errorf("compile module: %w", err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := w.AddFS(os.DirFS(folder)); err != nil {
		return nil, "", fmt.Errorf("pack compiled module: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, "", fmt.Errorf("pack compiled module: %w", err)
	}
	return &compiler{archive: archive.Bytes(), meter: rss.NewMeter()}, "", nil
}

// Invoke returns a part of the archive.
func (c *compiler) Invoke(_ context.Context, k runtime.Call) (runtime.Result, error) {
	res := runtime.Result{PeakMemory: c.meter.With(nil, 0)}
	at, err := strconv.Atoi(string(k.Event))
	if err != nil || at < 0 || at > len(c.archive) {
		res.Error = runtime.Errorf(runtime.TypeProtocol, "%q is no position in an archive of %d bytes", k.Event, len(c.archive))
		return res, nil
	}
	rest := c.archive[at:]
	res.Body = rest[:min(len(rest), runtime.MaxPayload)]
	return res, nil
}

// Close has nothing to do.
func (c *compiler) Close() {}
