package wasm

import (
	"context"
	"fmt"
	"strconv"

	"github.com/tetratelabs/wazero/api"

	"github.com/minifaas/minifaas/containerservice/output"
	"github.com/minifaas/minifaas/containerservice/runtime"
	"github.com/minifaas/minifaas/containerservice/runtime/wasm/preempt"
)

// exportRestored is called in each instance that begins from a snapshot, if it is exported.
const exportRestored = "after_restore"

// snapshot is the state of a reactor that has been initialised: what each
// instance begins with instead of doing the same again.
type snapshot struct {
	image     *image
	size      uint64 // of the memory, in bytes
	variables []uint64
}

// takeSnapshot initialises an instance and keeps what has become of it, and returns what it has
// written. An error of the module is a *runtime.Error.
func (p *program) takeSnapshot(ctx context.Context) (*snapshot, string, error) {
	if p.allocate == "" {
		return nil, "", runtime.Errorf(TypeInvalid, "module %s has no state to take a snapshot of: it is a command (it exports %s), and only a reactor is initialised apart from its calls",
			p.function.Handler, exportStart)
	}
	memory, err := p.reserve()
	if err != nil {
		return nil, "", err
	}
	defer memory.release()
	k := &call{program: p, Call: runtime.Call{Timeout: p.function.LoadTimeout}, memory: memory, log: output.NewLog(p.function.LogLimit)}
	limited, cancel := context.WithTimeout(ctx, p.function.LoadTimeout)
	defer cancel()
	var s *snapshot
	err = k.with(limited, cancel, func(instance api.Module) (err error) {
		if err := k.start(limited, instance, preempt.Start, exportInitialize); err != nil {
			return err
		}
		s, err = p.capture(instance)
		return err
	})
	switch log := k.log.String(); {
	case err == nil:
		return s, log, nil
	case ctx.Err() != nil:
		return nil, log, ctx.Err()
	case limited.Err() != nil:
		return nil, log, runtime.LoadTimeout(p.function.LoadTimeout)
	default:
		return nil, log, k.blame(err, log)
	}
}

// capture copies the state of an instance in which nothing runs.
func (p *program) capture(instance api.Module) (*snapshot, error) {
	if instance.ExportedGlobal(preempt.Tables) != nil {
		return nil, runtime.Errorf(TypeInvalid, "module %s cannot have a snapshot: it changes its tables of functions, which are no part of one", p.function.Handler)
	}
	s := &snapshot{size: uint64(instance.Memory().Size())}
	for i := 0; ; i++ {
		g := instance.ExportedGlobal(preempt.Variable + strconv.Itoa(i))
		if g == nil {
			break
		}
		switch g.Type() {
		case api.ValueTypeI32, api.ValueTypeI64, api.ValueTypeF32, api.ValueTypeF64:
			s.variables = append(s.variables, g.Get())
		default:
			return nil, runtime.Errorf(TypeInvalid, "module %s cannot have a snapshot: it has a variable of type %s, which is no part of one",
				p.function.Handler, api.ValueTypeName(g.Type()))
		}
	}
	content, _ := instance.Memory().Read(0, uint32(s.size)) // all of it, so it is there
	var memory pages
	memory.write(0, content)
	s.image = memory.image()
	return s, s.image.keep()
}

// restore gives an instance that has begun with the snapshot's memory the rest of its state.
func (s *snapshot) restore(instance api.Module) error {
	if has := uint64(instance.Memory().Size()); has < s.size {
		if _, ok := instance.Memory().Grow(uint32((s.size - has) / pageSize)); !ok {
			return fmt.Errorf("restore snapshot: no memory of %d bytes", s.size)
		}
	}
	for i, v := range s.variables {
		instance.ExportedGlobal(preempt.Variable + strconv.Itoa(i)).(api.MutableGlobal).Set(v)
	}
	return nil
}
