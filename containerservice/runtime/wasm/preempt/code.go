package preempt

import "slices"

// Instructions that are looked for or inserted, and those whose operands differ
// from their neighbours'. instruction.go knows the rest.
const (
	opUnreachable  = 0x00
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opEnd          = 0x0b
	opBranch       = 0x0c
	opBranchIf     = 0x0d
	opBranchTable  = 0x0e
	opCall         = 0x10
	opCallIndirect = 0x11
	opDrop         = 0x1a
	opSelectTyped  = 0x1c
	opLocalGet     = 0x20
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opTableSet     = 0x26
	opMemorySize   = 0x3f
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opF32Const     = 0x43
	opF64Const     = 0x44
	opI32Eqz       = 0x45
	opI32Add       = 0x6a
	opI32And       = 0x71
	opRefNull      = 0xd0
	opRefFunc      = 0xd2
	opBulk         = 0xfc
	opVector       = 0xfd
)

const (
	noType   = 0x40 // of an if without results
	minusOne = 0x7f // as an instruction has it
)

// giveWay is the code that calls into Go, and traps if it is to stop.
func (w *rewriter) giveWay(b []byte) []byte {
	b = append(b, opI32Const, 0, opMemoryGrow, 0, opDrop)
	b = appendU32(append(b, opGlobalGet), w.stop())
	return append(b, opIf, noType, opUnreachable, opEnd)
}

// turn is the code for the beginning of a loop. It counts in a local, which is
// a register if all goes well: a global would cost a tight loop half its speed.
func (w *rewriter) turn(b []byte, local uint32) []byte {
	b = appendU32(append(b, opLocalGet), local)
	b = append(b, opI32Const, 1, opI32Add)
	b = appendU32(append(b, opLocalTee), local)
	b = appendS32(append(b, opI32Const), turns-1)
	b = append(b, opI32And, opI32Eqz, opIf, noType)
	return append(w.giveWay(b), opEnd)
}

// entry is the code for the beginning of a function. The counter is common to
// all functions: what is called again and again may never get to a loop's limit.
func (w *rewriter) entry(b []byte) []byte {
	left := w.globals
	b = appendU32(append(b, opGlobalGet), left)
	b = append(b, opI32Const, minusOne, opI32Add)
	b = appendU32(append(b, opGlobalSet), left)
	b = appendU32(append(b, opGlobalGet), left)
	b = append(b, opI32Eqz, opIf, noType)
	b = appendS32(append(b, opI32Const), entries)
	b = appendU32(append(b, opGlobalSet), left)
	return append(w.giveWay(b), opEnd)
}

// code writes the functions with the checks in them.
func (w *rewriter) code(content []byte) error {
	if !w.added {
		return wrong("it has code but exports nothing")
	}
	in := reader{b: content}
	count := in.u32()
	if int(count) != len(w.types) {
		return wrong("it declares %d functions and has code of %d", len(w.types), count)
	}
	out := appendU32(make([]byte, 0, len(content)+len(content)/4), count)
	var body []byte
	for n := range count {
		function := reader{b: in.take(int(in.u32()))}
		if in.err != nil {
			return wrong("its code cannot be read: %v", in.err)
		}
		body = w.function(body[:0], &function, w.types[n])
		if function.err != nil {
			return wrong("the code of its function %d cannot be read: %v", n, function.err)
		}
		out = append(appendU32(out, uint32(len(body))), body...)
	}
	w.emit(sectionCode, out)
	return nil
}

// function appends a function's locals and code.
func (w *rewriter) function(out []byte, in *reader, kind uint32) []byte {
	if kind >= uint32(len(w.parameters)) {
		in.fail("its type is not there")
		return nil
	}
	counter := w.parameters[kind]
	groups := in.u32()
	locals := in.b
	for range groups {
		counter += in.u32()
		in.byte()
		if in.err != nil {
			return nil
		}
	}
	out = append(appendU32(out, groups+1), locals[:len(locals)-len(in.b)]...)
	out = append(out, 1, typeI32) // one more
	begin, checked := len(out), false
	copied := in.b // from here on it is not in out yet
	for len(in.b) > 0 {
		switch in.instruction() {
		case opLoop:
			out = append(out, copied[:len(copied)-len(in.b)]...)
			out, copied, checked = w.turn(out, counter), in.b, true
		case opCall, opCallIndirect:
			checked = true
		}
	}
	out = append(out, copied...)
	if checked {
		out = slices.Insert(out, begin, w.entry(nil)...)
	}
	return out
}
