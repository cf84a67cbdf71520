package preempt

import "fmt"

// instruction passes over one instruction and what belongs to it, and returns
// its first byte. It knows those of WebAssembly 2.0, which wazero runs by default.
func (r *reader) instruction() byte {
	op := r.byte()
	switch {
	case op == opBlock || op == opLoop || op == opIf:
		r.skipNumber() // its type
	case op == opBranch || op == opBranchIf || op == opCall || op == opRefFunc:
		r.u32()
	case op == opCallIndirect:
		r.u32()
		r.u32()
	case op == opBranchTable:
		for range r.u32() {
			r.u32()
			if r.err != nil {
				break
			}
		}
		r.u32()
	case op == opSelectTyped:
		r.take(int(r.u32()))
	case op >= 0x20 && op <= 0x26: // locals, globals, elements of tables
		r.u32()
	case op >= 0x28 && op <= 0x3e: // load, store
		r.memoryArgument()
	case op == opMemorySize || op == opMemoryGrow || op == opRefNull:
		r.byte()
	case op == opI32Const || op == opI64Const:
		r.skipNumber()
	case op == opF32Const:
		r.take(4)
	case op == opF64Const:
		r.take(8)
	case op == opBulk:
		r.bulk()
	case op == opVector:
		r.vector()
	case op > 0xc4 && op != 0xd1, op > 0x11 && op < opDrop, op > 0x05 && op < opEnd:
		r.unknown(op)
	}
	return op
}

func (r *reader) unknown(op byte) {
	r.fail(fmt.Sprintf("instruction %#x is none of WebAssembly 2.0", op))
}

func (r *reader) memoryArgument() {
	r.u32() // alignment
	r.u32() // offset
}

// bulk passes over what follows the prefix of bulk memory and of saturating conversions.
func (r *reader) bulk() {
	switch op := r.u32(); op {
	case 0, 1, 2, 3, 4, 5, 6, 7: // conversions
	case 8, 10, 12, 14: // memory.init, memory.copy, table.init, table.copy
		r.u32()
		r.u32()
	case 9, 11, 13, 15, 16, 17: // data.drop, memory.fill, elem.drop, table.grow, .size, .fill
		r.u32()
	default:
		r.unknown(opBulk)
	}
}

// vector passes over what follows the prefix of SIMD.
func (r *reader) vector() {
	switch op := r.u32(); {
	case op <= 11 || op == 92 || op == 93: // load, store
		r.memoryArgument()
	case op == 12 || op == 13: // v128.const, i8x16.shuffle
		r.take(16)
	case op >= 21 && op <= 34: // a lane
		r.byte()
	case op >= 84 && op <= 91: // load or store a lane
		r.memoryArgument()
		r.byte()
	case op > 255:
		r.unknown(opVector)
	}
}
