package preempt

// lookAhead finds what the exports have to tell of, and which comes after them.
func (w *rewriter) lookAhead(id byte, content []byte) error {
	in := reader{b: content}
	switch id {
	case sectionStart:
		start := in.u32()
		w.start = &start
	case sectionCode:
		for range in.u32() {
			function := reader{b: in.take(int(in.u32()))}
			w.tables = w.tables || function.changesTables()
			if in.err != nil {
				break // code says what is wrong
			}
		}
	}
	return nil
}

// changesTables reads a function's locals and code. What is wrong with it is code's to say.
func (r *reader) changesTables() bool {
	for range r.u32() {
		r.u32()
		if r.byte(); r.err != nil {
			return false
		}
	}
	for len(r.b) > 0 {
		at := r.b
		switch r.instruction() {
		case opTableSet:
			return true
		case opBulk:
			operation := (&reader{b: at[1:]}).u32()
			if operation == 12 || operation >= 14 && operation != 16 { // table.init, .copy, .grow, .fill
				return true
			}
		}
	}
	return false
}
