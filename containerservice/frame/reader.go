package frame

import (
	"bufio"
	"encoding/binary"
	"io"
)

// Reader splits a stream into frames. It is not safe for concurrent use.
type Reader struct {
	r    *bufio.Reader
	left int // bytes of the last frame's payload not yet read
	head [HeaderSize]byte
}

// NewReader reads frames from r.
func NewReader(r io.Reader) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, 32<<10)}
}

// Next skips what is left of the last frame and returns the header of the next
// one. It returns io.EOF at an end between frames, io.ErrUnexpectedEOF within one.
func (r *Reader) Next() (Header, error) {
	for r.left > 0 {
		n, err := r.r.Discard(min(r.left, 1<<20))
		r.left -= n
		if err != nil {
			return Header{}, unexpected(err)
		}
	}
	if _, err := io.ReadFull(r.r, r.head[:]); err != nil {
		return Header{}, err
	}
	h := Header{
		Size: binary.BigEndian.Uint32(r.head[0:]),
		Type: Type(r.head[4]),
		Call: binary.BigEndian.Uint64(r.head[5:]),
	}
	r.left = int(h.Size)
	return h, nil
}

// Read reads from the payload of the frame that Next announced; io.EOF is its end.
func (r *Reader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.r.Read(p[:min(len(p), r.left)])
	r.left -= n
	return n, unexpected(err)
}

// Payload reads all of the payload into a slice of its own. The caller has
// checked that the header's Size is no more than it can bear.
func (r *Reader) Payload() ([]byte, error) {
	p := make([]byte, r.left)
	n, err := io.ReadFull(r.r, p)
	r.left -= n
	return p, unexpected(err)
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
