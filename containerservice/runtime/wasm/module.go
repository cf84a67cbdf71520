package wasm

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/minifaas/minifaas/containerservice/runtime"
	"github.com/minifaas/minifaas/containerservice/runtime/wasm/preempt"
)

// TypeInvalid is the type of the error of a module that cannot be run.
const TypeInvalid = "Runtime.InvalidModule"

// module is one that is compiled and can be instantiated, many times at once.
type module struct {
	engine   wazero.Runtime
	compiled wazero.CompiledModule
	// allocate is the name of a reactor's allocator; a command has none.
	allocate string
	// least is the memory that an instance begins with, and most that which it may
	// ask for by its own declaration, in bytes.
	least, most uint64
	// image is what its memory begins with.
	image *image
}

const pageSize = 64 << 10

// Names that modules export.
const (
	exportStart      = "_start"
	exportInitialize = "_initialize"
	exportHandle     = "handle"
	exportMemory     = "memory"
)

func rewrite(name string, code []byte) ([]byte, *image, error) {
	code, data, err := preempt.Rewrite(code)
	if err != nil {
		return nil, nil, invalid(name, err)
	}
	var memory pages
	for _, d := range data {
		memory.write(d.At, d.Content)
	}
	return code, memory.image(), nil
}

func invalid(name string, err error) error {
	return runtime.Errorf(TypeInvalid, "module %s cannot be run: %v", name, err)
}

// newModule compiles the rewritten code, or finds it compiled in cache, which may be
// nil. The image is its to close.
func newModule(ctx context.Context, name string, code []byte, image *image, cache wazero.CompilationCache) (*module, error) {
	config := wazero.NewRuntimeConfig().WithDebugInfoEnabled(false)
	if cache != nil {
		config = config.WithCompilationCache(cache)
	}
	m := &module{engine: wazero.NewRuntimeWithConfig(ctx, config), image: image}
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, m.engine); err != nil {
		m.close()
		return nil, fmt.Errorf("make WASI: %w", err)
	}
	var err error
	if m.compiled, err = m.engine.CompileModule(ctx, code); err == nil {
		err = errors.Join(m.checkImports(), m.checkExports())
	}
	if err != nil {
		m.close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, invalid(name, err)
	}
	return m, nil
}

func (m *module) close() {
	_ = m.engine.Close(context.Background())
	m.image.close()
}

// checkImports finds out now what every instantiation would fail for.
func (m *module) checkImports() error {
	given := m.engine.Module(wasi_snapshot_preview1.ModuleName).ExportedFunctionDefinitions()
	var faults []error
	for _, f := range m.compiled.ImportedFunctions() {
		module, name, _ := f.Import()
		wasi, known := given[name]
		switch {
		case module != wasi_snapshot_preview1.ModuleName || !known:
			faults = append(faults, fmt.Errorf("it imports %s.%s, which is not there: there is WASI preview 1 (%s) alone",
				module, name, wasi_snapshot_preview1.ModuleName))
		case !sameType(f, wasi):
			faults = append(faults, fmt.Errorf("it imports %s with another type than WASI's", name))
		}
	}
	return errors.Join(faults...)
}

func sameType(a, b api.FunctionDefinition) bool {
	return slices.Equal(a.ParamTypes(), b.ParamTypes()) && slices.Equal(a.ResultTypes(), b.ResultTypes())
}

// checkExports finds out the module's style and what memory it declares.
func (m *module) checkExports() error {
	memory, ok := m.compiled.ExportedMemories()[exportMemory]
	if !ok {
		return fmt.Errorf("it exports no memory by the name of %s, as WASI asks", exportMemory)
	}
	m.least, m.most = uint64(memory.Min())*pageSize, 1<<32
	if pages, limited := memory.Max(); limited {
		m.most = uint64(pages) * pageSize
	}
	if !m.image.within(m.least) {
		return errors.New("its data is not in its memory")
	}
	functions := m.compiled.ExportedFunctions()
	if start, command := functions[exportStart]; command {
		return checkType(start, exportStart, nil, nil)
	}
	handle, ok := functions[exportHandle]
	if !ok {
		return fmt.Errorf("it exports neither %s, as a command does, nor %s, as a reactor does", exportStart, exportHandle)
	}
	const i32, i64 = api.ValueTypeI32, api.ValueTypeI64
	faults := []error{checkType(handle, exportHandle, []api.ValueType{i32, i32}, []api.ValueType{i64})}
	for _, name := range []string{"malloc", "alloc"} {
		if f, ok := functions[name]; ok {
			m.allocate = name
			faults = append(faults, checkType(f, name, []api.ValueType{i32}, []api.ValueType{i32}))
		}
	}
	if m.allocate == "" {
		faults = append(faults, fmt.Errorf("it exports %s but neither alloc nor malloc, which would make room for events", exportHandle))
	}
	for _, name := range []string{exportInitialize, exportRestored} {
		if f, ok := functions[name]; ok {
			faults = append(faults, checkType(f, name, nil, nil))
		}
	}
	return errors.Join(faults...)
}

func checkType(f api.FunctionDefinition, name string, parameters, results []api.ValueType) error {
	if slices.Equal(f.ParamTypes(), parameters) && slices.Equal(f.ResultTypes(), results) {
		return nil
	}
	return fmt.Errorf("its %s is of type %s, not %s", name,
		signature(f.ParamTypes(), f.ResultTypes()), signature(parameters, results))
}

func signature(parameters, results []api.ValueType) string {
	names := func(types []api.ValueType) (names []string) {
		for _, t := range types {
			names = append(names, api.ValueTypeName(t))
		}
		return names
	}
	return fmt.Sprintf("%v → %v", names(parameters), names(results))
}
