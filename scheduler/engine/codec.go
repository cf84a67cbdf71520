package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Codec writes values to bytes, or reads the same values in the same order
// back into them: one description of a state serves both ways. Integers are
// varints. After the first fault of a reader all values read are zero.
type Codec struct {
	buf     []byte
	reading bool
	err     error
}

// NewEncoder appends to buf, which may be nil.
func NewEncoder(buf []byte) *Codec { return &Codec{buf: buf} }

// NewDecoder reads data, without keeping it.
func NewDecoder(data []byte) *Codec { return &Codec{buf: data, reading: true} }

// Reading is whether values are read rather than written.
func (c *Codec) Reading() bool { return c.reading }

// Bytes is what has been written, or what has not been read yet.
func (c *Codec) Bytes() []byte { return c.buf }

// Err is the first fault, nil if there is none.
func (c *Codec) Err() error { return c.err }

// Fail notes a fault that a reader has found in the values.
func (c *Codec) Fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
		c.buf = nil
	}
}

var errShort = errors.New("data ends early")

type integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// Int is one integer.
func Int[T integer](c *Codec, v *T) {
	if !c.reading {
		c.buf = binary.AppendVarint(c.buf, int64(*v))
		return
	}
	x, n := binary.Varint(c.buf)
	if n <= 0 {
		c.Fail("%w", errShort)
		*v = 0
		return
	}
	c.buf = c.buf[n:]
	if *v = T(x); int64(*v) != x {
		c.Fail("integer %d does not fit", x)
	}
}

// Float writes or reads the bits of a number.
func Float(c *Codec, v *float64) {
	bits := math.Float64bits(*v)
	Int(c, &bits)
	*v = math.Float64frombits(bits)
}

// Bool is one truth value.
func Bool(c *Codec, v *bool) {
	var x uint8
	if *v {
		x = 1
	}
	Int(c, &x)
	*v = x == 1
}

// Text is one string.
func Text[T ~string](c *Codec, v *T) {
	n := c.Len(len(*v))
	if !c.reading {
		c.buf = append(c.buf, *v...)
		return
	}
	*v = T(c.buf[:n])
	c.buf = c.buf[n:]
}

// Len is the number of things that follow: n when writing. It is never more
// than the bytes left to read, as each thing takes one at least.
func (c *Codec) Len(n int) int {
	Int(c, &n)
	if c.reading && (n < 0 || n > len(c.buf)) {
		c.Fail("%w", errShort)
		return 0
	}
	return n
}
