package wasm

import (
	"fmt"
	"os"
	"sync/atomic"

	"github.com/tetratelabs/wazero/experimental"
	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/containerservice/runtime"
)

// TypeOutOfMemory is the type of the error of an invocation that wanted more
// memory than it may have.
const TypeOutOfMemory = "Runtime.OutOfMemory"

const (
	// spare is what is kept of a container's memory, beside what the agent holds
	// when it has loaded the module, for what it takes for calls.
	spare = 8 << 20
	// leastLimit is what an invocation may have in the smallest container: a module
	// that needs it seldom touches it all.
	leastLimit = 8 << 20
	// mostLimit is all that a module can address.
	mostLimit = 1 << 32
)

// memoryLimit is what one invocation may have of a container's memory when the
// agent holds so much: bytes, and whole pages.
func memoryLimit(container, held int64) uint64 {
	return uint64(min(max(container-held-spare, leastLimit), mostLimit)) / pageSize * pageSize
}

// held is the agent's memory that is its own: not the program's pages, which all
// agents share. It is 0 where /proc does not tell.
func held() int64 {
	text, _ := os.ReadFile("/proc/self/statm")
	var size, resident, files int64 // in pages
	_, _ = fmt.Sscan(string(text), &size, &resident, &files)
	return (resident - files) * int64(os.Getpagesize())
}

func outOfMemory(format string, args ...any) *runtime.Error {
	e := runtime.Errorf(TypeOutOfMemory, format, args...)
	e.Code = runtime.CodeOutOfMemory
	return e
}

// memory is that of one instance. Its addresses are reserved as a whole, and
// the kernel fills in what is touched: growing copies nothing, and what is freed is
// gone at once, which the garbage collector would take its time for.
type memory struct {
	reserved []byte
	// refused: the module has asked for more.
	refused atomic.Bool
}

var (
	_ experimental.MemoryAllocator = (*memory)(nil)
	_ experimental.LinearMemory    = (*memory)(nil)
)

// reserve reserves so many bytes, a multiple of the page size.
func reserve(bytes uint64) (*memory, error) {
	if bytes == 0 {
		return &memory{}, nil
	}
	b, err := unix.Mmap(-1, 0, int(bytes), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return nil, os.NewSyscallError(fmt.Sprintf("reserve %d MiB of addresses: mmap", bytes>>20), err)
	}
	return &memory{reserved: b}, nil
}

// Allocate is called once: a module has one memory.
func (m *memory) Allocate(_, _ uint64) experimental.LinearMemory { return m }

// Reallocate returns nil if there is not so much.
func (m *memory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.reserved)) {
		m.refused.Store(true)
		return nil
	}
	return m.reserved[:size]
}

// Free does nothing: see release.
func (m *memory) Free() {}

// release ends the life of the memory, which nobody may look at any more.
func (m *memory) release() {
	if m.reserved != nil {
		_ = unix.Munmap(m.reserved)
		m.reserved = nil
	}
}
