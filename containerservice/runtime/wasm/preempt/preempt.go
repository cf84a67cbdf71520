// Package preempt rewrites a WebAssembly module so that whoever runs it can
// interrupt it, and so that it gives way to others while it computes.
//
// wazero compiles modules to machine code that the Go runtime cannot preempt: a
// loop holds its thread, and with it the garbage collector and soon every other
// goroutine. wazero's own remedy, WithCloseOnContextDone, leaves the machine code
// at every turn of every loop: C's loops ran 5 to 26 times as long, with this
// package's 1.0 to 1.4 times (a xorshift, a sieve, a matrix product, Fibonacci; version 1.12).
//
// Here the turns of loops are counted, and the beginnings of functions that have
// loops or call others: the rest ends soon by itself. Now and then the module
// calls memory.grow by nothing, which is a call into Go and so an occasion to
// preempt, and traps if the global that Stop names is not 0.
//
// The checks keep runaway modules from harming their neighbours in one sandbox;
// they are no wall. A single turn can still take long (memory.fill of a GiB), so
// whoever needs certainty ends the process.
package preempt

import (
	"bytes"
	"fmt"
)

// Stop is the exported name of the mutable global, of type i32, that makes the
// module trap (unreachable) once it is not 0.
const Stop = "minifaas.stop"

// Start is the exported name of what was the module's start function, if it had
// one: run by the instantiation itself, nobody could stop it.
const Start = "minifaas.start"

// Variable and a number from 0 up are the exported names of the module's own mutable
// globals: with its memory they are the state of an instance, if Tables is not
// exported, which is the case where its code changes tables.
const (
	Variable = "minifaas.variable."
	Tables   = "minifaas.tables"
)

const (
	// turns is how many turns of its loops a function makes between two calls into
	// Go. Such a call takes some 100 ns: a tenth of a nanosecond a turn.
	turns = 1 << 10
	// entries is how many functions are begun between two calls into Go, each of
	// which may have made that many turns.
	entries = 100
)

// Error says what is wrong with a module.
type Error struct{ what string }

func (e *Error) Error() string { return e.what }

func wrong(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// Sections of a module, which come in this order, but for custom ones.
const (
	sectionCustom   = 0
	sectionType     = 1
	sectionImport   = 2
	sectionFunction = 3
	sectionMemory   = 5
	sectionGlobal   = 6
	sectionExport   = 7
	sectionStart    = 8
	sectionCode     = 10
	sectionData     = 11
	sectionCount    = 12 // of data, before the code
)

var header = []byte("\x00asm\x01\x00\x00\x00")

// Data is what memory begins with at some address; what comes later counts.
type Data struct {
	At      uint64
	Content []byte
}

// Rewrite returns the module with the checks in it and without its custom
// sections but that of the names, and the data that it puts into its memory, which is
// then the caller's to do: once for all instances. Its error is an *Error. What it does
// not look at it copies, so that the result is as valid as the module was.
func Rewrite(module []byte) ([]byte, []Data, error) {
	w := rewriter{out: append(make([]byte, 0, len(module)+len(module)/4), header...)}
	if err := w.run(module); err != nil {
		return nil, nil, err
	}
	return w.out, w.data, nil
}

func (w *rewriter) run(module []byte) error {
	if !bytes.HasPrefix(module, header[:4]) {
		return wrong("it does not begin as a WebAssembly module does")
	}
	if !bytes.HasPrefix(module, header) {
		return wrong("it is not a WebAssembly module of version 1: a component must be turned into a module")
	}
	if err := sections(module, w.lookAhead); err != nil {
		return err
	}
	if err := sections(module, w.section); err != nil {
		return err
	}
	if !w.exported {
		return wrong("it exports nothing")
	}
	return nil
}

// sections calls f for each section, in order, until it fails.
func sections(module []byte, f func(id byte, content []byte) error) error {
	in := reader{b: module[len(header):]}
	for len(in.b) > 0 {
		id := in.byte()
		content := in.take(int(in.u32()))
		if in.err != nil {
			return wrong("it is cut off: %v", in.err)
		}
		if err := f(id, content); err != nil {
			return err
		}
	}
	return nil
}
