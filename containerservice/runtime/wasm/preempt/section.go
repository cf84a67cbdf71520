package preempt

import "strconv"

// rewriter puts the new module together, section by section.
type rewriter struct {
	out        []byte
	parameters []uint32 // of each type of function
	types      []uint32 // of each function that has code
	globals    uint32   // how many there are without ours
	variables  []uint32 // those of them that are mutable
	start      *uint32  // the function of the start section, if there is one
	tables     bool     // its code changes tables
	memory     bool
	pages      uint64 // of memory at the beginning
	data       []Data
	counted    bool // the data is counted ahead of the code
	added      bool // our globals are there
	exported   bool // and so are the exports
}

// section copies a section, changed where it has to be.
func (w *rewriter) section(id byte, content []byte) error {
	switch id {
	case sectionCustom:
		if in := (reader{b: content}); string(in.take(int(in.u32()))) != "name" {
			return nil // debug information above all, which may be most of the module
		}
	case sectionType:
		if err := w.readTypes(content); err != nil {
			return err
		}
	case sectionFunction:
		in := reader{b: content}
		for range in.u32() {
			if w.types = append(w.types, in.u32()); in.err != nil {
				return wrong("its list of functions cannot be read: %v", in.err)
			}
		}
	case sectionImport:
		if err := w.imports(content); err != nil {
			return err
		}
	case sectionMemory:
		in := reader{b: content}
		in.u32() // how many: one
		in.byte()
		w.memory, w.pages = true, uint64(in.u32())
		if in.err != nil {
			return wrong("its memory cannot be read: %v", in.err)
		}
	case sectionCount:
		w.counted = true
	case sectionData:
		w.takeData(content)
		return nil
	case sectionGlobal:
		return w.readGlobals(content)
	case sectionExport:
		return w.export(content)
	case sectionStart:
		return nil // it is an export now
	case sectionCode:
		return w.code(content)
	}
	w.emit(id, content)
	return nil
}

func (w *rewriter) emit(id byte, parts ...[]byte) {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	w.out = appendU32(append(w.out, id), uint32(size))
	for _, p := range parts {
		w.out = append(w.out, p...)
	}
}

// readTypes notes how many parameters there are.
func (w *rewriter) readTypes(content []byte) error {
	const function = 0x60
	in := reader{b: content}
	for range in.u32() {
		if in.byte() != function {
			in.fail("a type is not that of a function")
		}
		parameters := in.u32()
		in.take(int(parameters))
		in.take(int(in.u32())) // results
		w.parameters = append(w.parameters, parameters)
		if in.err != nil {
			return wrong("its types cannot be read: %v", in.err)
		}
	}
	return nil
}

// imports allows those of functions alone: nothing else could be given to a
// module that is alone in the world.
func (w *rewriter) imports(content []byte) error {
	const function = 0
	in := reader{b: content}
	for range in.u32() {
		module, name := in.take(int(in.u32())), in.take(int(in.u32()))
		kind := in.byte()
		in.u32() // its type
		if in.err != nil {
			return wrong("its imports cannot be read: %v", in.err)
		}
		if kind != function {
			return wrong("it imports %s.%s, which is no function: only functions can be imported", module, name)
		}
	}
	return nil
}

// readGlobals notes which are mutable.
func (w *rewriter) readGlobals(content []byte) error {
	in := reader{b: content}
	w.globals = in.u32()
	definitions := in.b
	for i := range w.globals {
		in.byte() // its type
		if in.byte() == variable {
			w.variables = append(w.variables, i)
		}
		for in.err == nil && in.instruction() != opEnd {
		}
		if in.err != nil {
			return wrong("its globals cannot be read: %v", in.err)
		}
	}
	w.addGlobals(definitions)
	return nil
}

// addGlobals writes the section of globals: those defined and our two, which are the
// functions to begin until the next call into Go, and Stop.
func (w *rewriter) addGlobals(definitions []byte) {
	ours := appendS32([]byte{typeI32, variable, opI32Const}, entries)
	ours = append(ours, opEnd, typeI32, variable, opI32Const, 0, opEnd)
	w.emit(sectionGlobal, appendU32(nil, w.globals+2), definitions, ours)
	w.added = true
}

const (
	typeI32  = 0x7f
	variable = 1 // of a global: it is mutable
)

// export writes the exports, and before them the globals where there were none.
func (w *rewriter) export(content []byte) error {
	in := reader{b: content}
	count := in.u32()
	if in.err != nil {
		return wrong("its exports cannot be read: %v", in.err)
	}
	if !w.memory {
		return wrong("it has no memory, so that there is no way to give it an event")
	}
	if !w.added {
		w.addGlobals(nil)
	}
	ours := []byte{}
	add := func(name string, kind byte, index uint32) {
		ours = appendExport(ours, name, kind, index)
		count++
	}
	add(Stop, kindGlobal, w.stop())
	for i, index := range w.variables {
		add(Variable+strconv.Itoa(i), kindGlobal, index)
	}
	if w.tables {
		add(Tables, kindGlobal, w.stop()) // whatever: its name says it
	}
	if w.start != nil {
		add(Start, kindFunction, *w.start)
	}
	w.emit(sectionExport, appendU32(nil, count), in.b, ours)
	w.exported = true
	return nil
}

// Kinds of exports.
const (
	kindFunction = 0
	kindGlobal   = 3
)

func appendExport(b []byte, name string, kind byte, index uint32) []byte {
	b = append(appendU32(b, uint32(len(name))), name...)
	return appendU32(append(b, kind), index)
}

// stop is the index of Stop.
func (w *rewriter) stop() uint32 { return w.globals + 1 }
