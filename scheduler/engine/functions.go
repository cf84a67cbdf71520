package engine

import (
	"hash/maphash"
	"iter"
)

// functionTable holds the functions, by index and by name. A call of a function
// that has not been called lately finds nothing of it in a cache, so what counts is
// how many places in memory must be looked at one after the other: here it is a
// slot, of which many lie close together, and then the function. Functions stay for
// ever, so nothing is ever taken out.
type functionTable struct {
	blocks []*[functionBlock]function
	n      int
	seed   maphash.Seed
	slots  []functionSlot // a power of two of them; at most three quarters are taken
}

// functionSlot is free while after is 0; else it is of the function before that index.
type functionSlot struct{ hash, after uint32 }

const functionBlock = 16

func newFunctionTable() functionTable {
	return functionTable{seed: maphash.MakeSeed(), slots: make([]functionSlot, 16)}
}

func (t *functionTable) at(i int) *function { return &t.blocks[i/functionBlock][i%functionBlock] }

// all yields the functions in order of appearance.
func (t *functionTable) all() iter.Seq[*function] {
	return func(yield func(*function) bool) {
		for i := range t.n {
			if !yield(t.at(i)) {
				return
			}
		}
	}
}

// find returns nil when there is no function of that name.
func (t *functionTable) find(name string) *function {
	h := t.hash(name)
	for i := h; ; i++ {
		s := t.slot(i)
		if s.after == 0 {
			return nil
		}
		if s.hash == h {
			if f := t.at(int(s.after) - 1); f.first.Name == name {
				return f
			}
		}
	}
}

// add makes the next function. Its name must not be in the table.
func (t *functionTable) add(spec FunctionSpec) *function {
	if t.n%functionBlock == 0 {
		t.blocks = append(t.blocks, new([functionBlock]function))
	}
	f := t.at(t.n)
	f.Index, f.first = t.n, spec
	f.Spec, f.fn = &f.first, f
	t.n++
	if 4*t.n > 3*len(t.slots) {
		old := t.slots
		t.slots = make([]functionSlot, 2*len(old))
		for _, s := range old {
			if s.after != 0 {
				t.put(s)
			}
		}
	}
	t.put(functionSlot{t.hash(spec.Name), uint32(t.n)})
	return f
}

func (t *functionTable) put(s functionSlot) {
	i := s.hash
	for t.slot(i).after != 0 {
		i++
	}
	*t.slot(i) = s
}

func (t *functionTable) slot(i uint32) *functionSlot { return &t.slots[i&uint32(len(t.slots)-1)] }

func (t *functionTable) hash(name string) uint32 { return uint32(maphash.String(t.seed, name)) }

// fetch reads a little of all that a warm call of the function needs, so that it
// comes from memory side by side: what is come upon one after the other, with work
// in between, is waited for one after the other. What it reads is not used.
func (e *Engine) fetch(f *function) {
	c := f.idle.first()
	if c == nil {
		return
	}
	e.fetched += int64(c.worth.place) + int64(c.named.n) + begin(string(c.id)) + int64(f.idleTimer.place)
	e.fetched += int64(f.all.last().Memory) // policies begin with the newest
	if len(f.byAge.slots) > 0 {
		e.fetched += f.byAge.slots[0].key
	}
	n := c.node
	e.fetched += int64(n.InFlight) + begin(string(n.ID)) + n.idle.slots[len(n.idle.slots)-1].key
}

func begin(s string) int64 {
	if s == "" {
		return 0
	}
	return int64(s[0])
}
