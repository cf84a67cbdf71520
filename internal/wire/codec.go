package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
)

// The bytes are protobuf's, but neither what makes these nor the types are: to set up its
// packages for the few messages took an agent, which is used once, a quarter of its start.

// walk goes over all fields of a message, in one of three ways: it counts the bytes that
// they take, writes them, or reads the one field whose number has come.
type walk struct {
	way  way
	size int    // counted so far
	out  []byte // written so far

	in  field // is read
	err error
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
		in, rest, ok := next(b)
		if !ok {
			return errShort
		}
		w := walk{way: reading, in: in}
		m(&w)
		if w.err != nil {
			return w.err
		}
		b = rest
	}
	return nil
}

// has reports whether the field has come, as a value of that kind.
func (w *walk) has(number int, k kind) bool {
	if number != w.in.number {
		return false
	}
	if k != w.in.kind {
		w.err = fmt.Errorf("field %d is of another kind", number)
	}
	return w.err == nil
}

// integer is a field of a number, or of what is true or false.
func integer[T ~int32 | ~int64 | ~uint32 | ~uint64](w *walk, number int, value *T) {
	switch {
	case w.way == reading:
		if w.has(number, varint) {
			*value = T(w.in.n)
		}
	case *value == 0:
	case w.way == counting:
		w.size += sizeOfTag(number) + sizeOfVarint(uint64(*value))
	default:
		w.out = binary.AppendUvarint(appendTag(w.out, number, varint), uint64(*value))
	}
}

func truth(w *walk, number int, value *bool) {
	n := uint64(0)
	if *value {
		n = 1
	}
	integer(w, number, &n)
	if w.way == reading { // what is sent belongs to the caller again once that has given up
		*value = n != 0
	}
}

// text is a field of a string or of bytes.
func text[T string | []byte](w *walk, number int, value *T) {
	if w.way == reading || len(*value) > 0 {
		element(w, number, value)
	}
}

// element is one value of a field, empty or not.
func element[T string | []byte](w *walk, number int, value *T) {
	switch w.way {
	case reading:
		if w.has(number, counted) {
			b := w.in.bytes
			// In a string, what is no UTF-8 could not be passed on: the message that has it
			// could not be sent, nor any that goes with it.
			if _, isBytes := any(value).(*[]byte); !isBytes && !utf8.Valid(b) {
				w.err = fmt.Errorf("field %d is a string and not in UTF-8", number)
				return
			}
			*value = T(b)
		}
	case counting:
		w.size += sizeOfTag(number) + sizeOfCounted(len(*value))
	default:
		w.begin(number, len(*value))
		w.out = append(w.out, *value...)
	}
}

// begin writes what comes before so many bytes.
func (w *walk) begin(number int, size int) {
	w.out = binary.AppendUvarint(appendTag(w.out, number, counted), uint64(size))
}

// nested is a field of a message; show gives its fields.
func nested[T any](w *walk, number int, value **T, show func(*walk, *T)) {
	if w.way == reading {
		if !w.has(number, counted) {
			return
		}
		*value = new(T)
	}
	if *value != nil {
		w.inner(number, func(w *walk) { show(w, *value) })
	}
}

// inner goes over a message in the message.
func (w *walk) inner(number int, m message) {
	switch w.way {
	case reading:
		w.err = parse(w.in.bytes, m)
	case counting:
		w.size += sizeOfTag(number) + sizeOfCounted(sizeOf(m))
	default:
		w.begin(number, sizeOf(m))
		w.out = appendTo(w.out, m)
	}
}

// list is a field of any number of values; show goes over one of them.
func list[T any](w *walk, number int, values *[]T, show func(*walk, int, *T)) {
	if w.way == reading {
		if number == w.in.number {
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
func dictionary(w *walk, number int, values *map[string]string) {
	if w.way != reading {
		for name, value := range *values {
			w.inner(number, entry(&name, &value))
		}
		return
	}
	if !w.has(number, counted) {
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
