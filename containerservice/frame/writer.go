package frame

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"
)

// small is the size up to which copying a frame together costs less than writing two buffers.
const small = 16 << 10

// Writer writes frames, each as a whole. It is safe for concurrent use.
type Writer struct {
	mu sync.Mutex // guards w and buf
	w  io.Writer
	// buf is reused, so that a small frame costs one write and no allocation.
	buf []byte
}

// NewWriter writes frames to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write writes one frame whose payload is the parts put together.
func (w *Writer) Write(t Type, call uint64, parts ...[]byte) error {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	if uint64(size) > 1<<32-1 {
		return fmt.Errorf("write frame: payload of %d bytes", size)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	b := binary.BigEndian.AppendUint32(w.buf[:0], uint32(size))
	b = binary.BigEndian.AppendUint64(append(b, byte(t)), call)
	w.buf = b[:0]
	if size > small {
		return writeAll(w.w, append(net.Buffers{b}, parts...))
	}
	for _, p := range parts {
		b = append(b, p...)
	}
	w.buf = b[:0]
	_, err := w.w.Write(b)
	return err
}

// writeAll takes one system call for all of them, if w can: what reads would wake for the first.
func writeAll(w io.Writer, buffers net.Buffers) error {
	var err error
	if at, ok := w.(interface {
		WriteBuffers(*net.Buffers) (int64, error)
	}); ok {
		_, err = at.WriteBuffers(&buffers)
	} else {
		_, err = buffers.WriteTo(w)
	}
	return err
}

// WriteInvoke writes an Invoke frame.
func (w *Writer) WriteInvoke(call uint64, inv Invocation, event []byte) error {
	line, err := json.Marshal(inv)
	if err != nil {
		return err
	}
	return w.Write(Invoke, call, append(line, '\n'), event)
}

// WriteLoad writes a Load frame.
func (w *Writer) WriteLoad(f Function) error {
	p, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return w.Write(Load, 0, p)
}

// WriteFailure writes a LoadError or Error frame.
func (w *Writer) WriteFailure(t Type, call uint64, f Failure) error {
	p, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return w.Write(t, call, p)
}
