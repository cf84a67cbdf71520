package wire

import (
	"encoding/binary"
	"math/bits"
)

// kind is how a field's value is written.
type kind uint8

const (
	varint  kind = 0
	fixed64 kind = 1
	counted kind = 2 // behind its length
	fixed32 kind = 5
)

const mostNumber = 1<<29 - 1 // of fields

// field is one that has come.
type field struct {
	number int
	kind   kind
	n      uint64 // its value where that is a varint
	bytes  []byte // where it is counted: a part of what was read
}

// next takes a field off b; ok is false where there is none whole. Groups are none, as the
// messages have none.
func next(b []byte) (f field, rest []byte, ok bool) {
	tag, n := binary.Uvarint(b)
	if n <= 0 || tag>>3 == 0 || tag>>3 > mostNumber {
		return field{}, nil, false
	}
	b, f = b[n:], field{number: int(tag >> 3), kind: kind(tag & 7)}
	size := 0
	switch f.kind {
	case varint, counted:
		if f.n, n = binary.Uvarint(b); n <= 0 {
			return field{}, nil, false
		}
		b = b[n:]
	case fixed64:
		size = 8
	case fixed32:
		size = 4
	default:
		return field{}, nil, false
	}
	if f.kind == counted {
		if f.n > uint64(len(b)) {
			return field{}, nil, false
		}
		size = int(f.n)
	}
	if size > len(b) {
		return field{}, nil, false
	}
	f.bytes = b[:size]
	return f, b[size:], true
}

func appendTag(b []byte, number int, k kind) []byte {
	return binary.AppendUvarint(b, uint64(number)<<3|uint64(k))
}

func sizeOfTag(number int) int { return sizeOfVarint(uint64(number) << 3) }

func sizeOfVarint(n uint64) int { return (bits.Len64(n|1) + 6) / 7 }

func sizeOfCounted(size int) int { return sizeOfVarint(uint64(size)) + size }
