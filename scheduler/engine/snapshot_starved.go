package engine

import "slices"

// starvedTable is who stands in line for room: the tenants in order of their
// turns, and the functions of each in the order in which they go first.
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
		if t == nil || c.Err() != nil {
			c.Fail("nobody stands in line")
			return
		}
		Int(c, &t.deficit)
		line := slices.Clone(t.starved.slots)
		slices.SortFunc(line, func(a, b slot) int {
			if a.before(&b) {
				return -1
			}
			return 1
		})
		for j := range c.Len(len(line)) {
			var f *function
			if !c.Reading() {
				f = line[j].item.owner.(*function)
			}
			s.starved(t, f)
		}
	}
}

func (s *snapshot) starved(t *tenant, f *function) {
	c, e := s.c, s.e
	s.function(&f)
	Int(c, &f.unplaced)
	Int(c, &f.unplacedSize)
	Int(c, &f.onStarved.key)
	Int(c, &f.onStarved.tie)
	short := f.short
	Bool(c, &short)
	if !c.Reading() || c.Err() != nil {
		return
	}
	if f.tenant != t || f.starves() {
		c.Fail("function %s stands in another's line, or twice", f.Spec.Name)
		return
	}
	t.starved.put(&f.onStarved)
	e.starving++
	if t.onRound.in == nil {
		e.round.pushBack(&t.onRound)
	}
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
