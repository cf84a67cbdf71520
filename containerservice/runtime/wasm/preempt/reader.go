package preempt

import "errors"

var errEnd = errors.New("unexpected end")

// reader takes a module apart. After an error, which stands, it returns zeros.
type reader struct {
	b   []byte
	err error
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) take(n int) []byte {
	if r.err == nil && (n < 0 || n > len(r.b)) {
		r.err, r.b = errEnd, nil
	}
	if r.err != nil {
		return nil
	}
	taken := r.b[:n]
	r.b = r.b[n:]
	return taken
}

// u32 reads an unsigned LEB128 number.
func (r *reader) u32() (n uint32) {
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		n |= uint32(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	r.fail("number too long")
	return 0
}

// skipNumber passes over a LEB128 number of up to 64 bits.
func (r *reader) skipNumber() {
	for range 10 {
		if r.byte() < 0x80 {
			return
		}
	}
	r.fail("number too long")
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err, r.b = errors.New(what), nil
	}
}

func appendU32(b []byte, n uint32) []byte {
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

// appendS32 appends signed LEB128; n is 0 or more.
func appendS32(b []byte, n uint32) []byte {
	for ; n >= 0x40; n >>= 7 {
		b = append(b, byte(n&0x7f)|0x80)
	}
	return append(b, byte(n))
}
