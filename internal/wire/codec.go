package wire

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// The messages are protobuf's, and so are their bytes, but not what makes these: to set up its
// tables for the few messages took an agent, which is used once, a tenth of its start.

// walk goes over all fields of a message, in one of three ways: it counts the bytes that
// they take, writes them, or reads the one field whose number has come.
type walk struct {
	way  way
	size int    // counted so far
	out  []byte // written so far

	number protowire.Number // of the field that is read
	kind   protowire.Type
	in     []byte // its value, as far as it goes
	err    error
}

type way uint8

const (
	counting way = iota
	writing
	reading
)

// message shows a walk its fields.
type message func(*walk)

// sizeOf is how many bytes a message takes.
func sizeOf(m message) int {
	w := walk{}
	m(&w)
	return w.size
}

// appendTo writes a message behind b.
func appendTo(b []byte, m message) []byte {
	w := walk{way: writing, out: b}
	m(&w)
	return w.out
}

var errShort = errors.New("the message is cut off, or none")

// parse reads a message, which keeps parts of b. Fields that it does not know are left out.
func parse(b []byte, m message) error {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errShort
		}
		b = b[n:]
		if n = protowire.ConsumeFieldValue(number, kind, b); n < 0 {
			return errShort
		}
		w := walk{way: reading, number: number, kind: kind, in: b[:n]}
		m(&w)
		if w.err != nil {
			return w.err
		}
		b = b[n:]
	}
	return nil
}

// has reports whether the field has come, as a value of that kind.
func (w *walk) has(number protowire.Number, kind protowire.Type) bool {
	if number != w.number {
		return false
	}
	if kind != w.kind {
		w.err = fmt.Errorf("field %d is of another kind", number)
	}
	return w.err == nil
}

// integer is a field of a number, or of what is true or false.
func integer[T ~int32 | ~int64 | ~uint32 | ~uint64](w *walk, number protowire.Number, value *T) {
	switch {
	case w.way == reading:
		if w.has(number, protowire.VarintType) {
			n, _ := protowire.ConsumeVarint(w.in)
			*value = T(n)
		}
	case *value == 0:
	case w.way == counting:
		w.size += protowire.SizeTag(number) + protowire.SizeVarint(uint64(*value))
	default:
		w.out = protowire.AppendVarint(protowire.AppendTag(w.out, number, protowire.VarintType), uint64(*value))
	}
}

func truth(w *walk, number protowire.Number, value *bool) {
	n := protowire.EncodeBool(*value)
	integer(w, number, &n)
	if w.way == reading { // what is sent belongs to the caller again once that has given up
		*value = protowire.DecodeBool(n)
	}
}

// text is a field of a string or of bytes.
func text[T string | []byte](w *walk, number protowire.Number, value *T) {
	if w.way == reading || len(*value) > 0 {
		element(w, number, value)
	}
}

// element is one value of a field, empty or not.
func element[T string | []byte](w *walk, number protowire.Number, value *T) {
	switch w.way {
	case reading:
		if w.has(number, protowire.BytesType) {
			b, _ := protowire.ConsumeBytes(w.in)
			// In a string, what is no UTF-8 could not be passed on: the message that has it
			// could not be sent, nor any that goes with it.
			if _, isBytes := any(value).(*[]byte); !isBytes && !utf8.Valid(b) {
				w.err = fmt.Errorf("field %d is a string and not in UTF-8", number)
				return
			}
			*value = T(b)
		}
	case counting:
		w.size += protowire.SizeTag(number) + protowire.SizeBytes(len(*value))
	default:
		w.begin(number, len(*value))
		w.out = append(w.out, *value...)
	}
}

// begin writes what comes before so many bytes.
func (w *walk) begin(number protowire.Number, size int) {
	w.out = protowire.AppendVarint(protowire.AppendTag(w.out, number, protowire.BytesType), uint64(size))
}

// nested is a field of a message; show gives its fields.
func nested[T any](w *walk, number protowire.Number, value **T, show func(*walk, *T)) {
	if w.way == reading {
		if !w.has(number, protowire.BytesType) {
			return
		}
		*value = new(T)
	}
	if *value != nil {
		w.inner(number, func(w *walk) { show(w, *value) })
	}
}

// inner goes over a message in the message.
func (w *walk) inner(number protowire.Number, m message) {
	switch w.way {
	case reading:
		b, _ := protowire.ConsumeBytes(w.in)
		w.err = parse(b, m)
	case counting:
		w.size += protowire.SizeTag(number) + protowire.SizeBytes(sizeOf(m))
	default:
		w.begin(number, sizeOf(m))
		w.out = appendTo(w.out, m)
	}
}

// list is a field of any number of values; show goes over one of them.
func list[T any](w *walk, number protowire.Number, values *[]T, show func(*walk, protowire.Number, *T)) {
	if w.way == reading {
		if number == w.number {
			var value T
			show(w, number, &value)
			*values = append(*values, value)
		}
		return
	}
	for i := range *values {
		show(w, number, &(*values)[i])
	}
}

// dictionary is a field of names and their values.
func dictionary(w *walk, number protowire.Number, values *map[string]string) {
	if w.way != reading {
		for name, value := range *values {
			w.inner(number, entry(&name, &value))
		}
		return
	}
	if !w.has(number, protowire.BytesType) {
		return
	}
	var name, value string
	w.inner(number, entry(&name, &value))
	if *values == nil {
		*values = map[string]string{}
	}
	(*values)[name] = value
}

func entry(name, value *string) message {
	return func(w *walk) {
		element(w, 1, name)
		element(w, 2, value)
	}
}
