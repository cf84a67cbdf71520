package engine

// table numbers the objects of one kind while a snapshot is written or read,
// so that one can refer to another.
type table[T any] struct {
	rows []*T
	at   map[*T]int // from 1; 0 stands for nil
}

func (t *table[T]) add(p *T) {
	if t.at == nil {
		t.at = make(map[*T]int)
	}
	t.rows = append(t.rows, p)
	t.at[p] = len(t.rows)
}

// each writes every row, or reads as many new ones.
func (t *table[T]) each(c *Codec, row func(*T)) {
	for i := range c.Len(len(t.rows)) {
		if c.Err() != nil {
			return
		}
		if c.Reading() {
			t.add(new(T))
		}
		row(t.rows[i])
	}
}

// ref writes or reads a pointer to a row.
func (t *table[T]) ref(c *Codec, p **T) {
	i := t.at[*p]
	Int(c, &i)
	if !c.Reading() {
		return
	}
	*p = nil
	if i < 0 || i > len(t.rows) {
		c.Fail("no row %d in a table of %d", i, len(t.rows))
	} else if i > 0 {
		*p = t.rows[i-1]
	}
}

// function is a reference to a function, which is never nil.
func (s *snapshot) function(f **function) {
	i := 0
	if *f != nil {
		i = (*f).Index
	}
	Int(s.c, &i)
	if !s.c.Reading() {
		return
	}
	if i < 0 || i >= s.e.functions.n {
		s.c.Fail("no function %d", i)
		*f = &function{} // what is read into it goes nowhere
		return
	}
	*f = s.e.functions.at(i)
}
