package wasm

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// image is what memory begins with: parts of a file, which instances map, so that
// only what one changes is copied. A nil one is of zeros.
type image struct {
	parts []part
	pages pages    // until it is kept
	file  *os.File // and from then on
}

// part is what lies at some address, in granules.
type part struct {
	At     uint64 `json:"at"`
	Length uint64 `json:"length"`
}

// copy writes the parts one after the other.
func (m *image) copy(w io.Writer) error {
	for _, number := range slices.Sorted(maps.Keys(m.pages)) {
		if _, err := w.Write(m.pages[number][:]); err != nil {
			return err
		}
	}
	return nil
}

// keep moves it into a file that is in no folder.
func (m *image) keep() error {
	if m == nil || m.file != nil {
		return nil
	}
	fd, err := unix.MemfdCreate("memory", unix.MFD_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("keep memory: memfd_create", err)
	}
	m.file = os.NewFile(uintptr(fd), "memory")
	if err := m.copy(m.file); err != nil {
		m.file.Close()
		return fmt.Errorf("keep memory: %w", err)
	}
	m.pages = nil
	return nil
}

// within reports whether all of it is below an address.
func (m *image) within(end uint64) bool {
	if m == nil {
		return true
	}
	end /= granule
	for _, p := range m.parts {
		if p.Length == 0 || p.Length > end || p.At > end-p.Length {
			return false
		}
	}
	return true
}

// held is the memory that its content takes, in bytes.
func (m *image) held() (bytes uint64) {
	if m == nil {
		return 0
	}
	for _, p := range m.parts {
		bytes += p.Length * granule
	}
	return bytes
}

func (m *image) close() {
	if m != nil && m.file != nil {
		m.file.Close()
	}
}

// begin gives the memory, of which nothing is used yet, the content of the image.
func (m *memory) begin(with *image) error {
	if with == nil {
		return nil
	}
	at := int64(0)
	for _, p := range with.parts {
		length := p.Length * granule
		if (p.At+p.Length)*granule > uint64(len(m.reserved)) {
			return fmt.Errorf("fill memory: %d bytes at %#x are beyond its %d", length, p.At*granule, len(m.reserved))
		}
		_, err := unix.MmapPtr(int(with.file.Fd()), at, unsafe.Pointer(&m.reserved[p.At*granule]), uintptr(length),
			unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_FIXED|unix.MAP_NORESERVE)
		if err != nil {
			return os.NewSyscallError("fill memory: mmap", err)
		}
		at += int64(length)
	}
	return nil
}
