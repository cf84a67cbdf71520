package engine

// starvedTable is who stands in line for room: the tenants in order of their
// turns, and the functions of each.
func (s *snapshot) starvedTable() {
	c, e := s.c, s.e
	var tenants []*tenant
	for el := e.round.front; el != nil; el = el.next {
		tenants = append(tenants, el.value)
	}
	for i := range c.Len(len(tenants)) {
		var t *tenant
		if !c.Reading() {
			t = tenants[i]
		}
		s.tenant(&t)
		var deficit Bytes
		var functions []*function
		if t != nil {
			deficit = t.deficit
			for el := t.starved.front; el != nil; el = el.next {
				functions = append(functions, el.value)
			}
		}
		Int(c, &deficit)
		for j := range c.Len(len(functions)) {
			var f *function
			if !c.Reading() {
				f = functions[j]
			}
			s.starved(f)
		}
		if t != nil {
			t.deficit = deficit
		}
	}
}

func (s *snapshot) starved(f *function) {
	c, e := s.c, s.e
	s.function(&f)
	unplaced, size, short := f.unplaced, f.unplacedSize, f.short
	Int(c, &unplaced)
	Int(c, &size)
	Bool(c, &short)
	if !c.Reading() || c.Err() != nil {
		return
	}
	if f.tenant == nil {
		c.Fail("function %s starves and is nobody's", f.Spec.Name)
		return
	}
	e.starve(f, unplaced, size)
	if short {
		e.lacksMemory(f)
	}
}

// tenant is a reference to a tenant, which may be nil.
func (s *snapshot) tenant(t **tenant) {
	i := 0
	if *t != nil {
		i = (*t).index + 1
	}
	Int(s.c, &i)
	if !s.c.Reading() {
		return
	}
	*t = nil
	if i < 0 || i > len(s.e.byAccount) {
		s.c.Fail("no tenant %d", i)
	} else if i > 0 {
		*t = s.e.byAccount[i-1]
	}
}
