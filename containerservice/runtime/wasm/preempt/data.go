package preempt

// Kinds of data.
const (
	dataActive   = 0 // for memory 0
	dataPassive  = 1
	dataOfMemory = 2 // active, and says for which memory
)

const pageSize = 64 << 10

// takeData takes the data that goes into memory by itself out of its section. What
// remains of it is empty, as its number may be spoken of: to copy from it fails, as it
// does from data that has gone into memory. A section in which there is anything
// unusual is copied as it is.
func (w *rewriter) takeData(content []byte) {
	in := reader{b: content}
	count := in.u32()
	var rest []byte
	passive := false
	var taken []Data
	for range count {
		begin := in.b
		switch kind := in.u32(); kind {
		case dataPassive:
			in.take(int(in.u32()))
			rest = append(rest, begin[:len(begin)-len(in.b)]...)
			passive = true
		case dataActive, dataOfMemory:
			if kind == dataOfMemory && in.u32() != 0 {
				in.fail("a memory that is not there")
			}
			at := in.address()
			d := Data{uint64(at), in.take(int(in.u32()))}
			if d.At+uint64(len(d.Content)) > w.pages*pageSize {
				in.fail("it does not fit")
			}
			taken = append(taken, d)
			rest = append(rest, dataPassive, 0)
		default:
			in.fail("unknown kind")
		}
		if in.err != nil {
			w.emit(sectionData, content)
			return
		}
	}
	if len(in.b) > 0 {
		w.emit(sectionData, content)
		return
	}
	w.data = taken
	if w.counted || passive {
		w.emit(sectionData, appendU32(nil, count), rest)
	}
}

// address reads an expression that is nothing but a number.
func (r *reader) address() uint32 {
	if r.byte() != opI32Const {
		r.fail("no plain number")
	}
	n := r.s32()
	if r.byte() != opEnd {
		r.fail("no plain number")
	}
	return uint32(n)
}

// s32 reads a signed LEB128 number.
func (r *reader) s32() (n int32) {
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		n |= int32(b&0x7f) << shift
		if b < 0x80 {
			if shift < 28 && b&0x40 != 0 {
				n |= -1 << (shift + 7)
			}
			return n
		}
	}
	r.fail("number too long")
	return 0
}
