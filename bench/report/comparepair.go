package report

// key is what runs have in common that got the same calls.
type key struct {
	seed   uint64
	repeat int
}

// values are those of both sides; side by side if every run has its counterpart on
// the other side. A pair of which one run lacks the figure is left out whole, so that what
// follows stays beside its own.
func values(of func(*telling) *float64, reference, other []telling) (a, b []float64, paired bool) {
	counterparts := counterparts(reference, other)
	if counterparts == nil {
		return present(of, reference), present(of, other), false
	}
	for i := range reference {
		x, y := of(&reference[i]), of(counterparts[i])
		if x != nil && y != nil {
			a, b = append(a, *x), append(b, *y)
		}
	}
	return a, b, true
}

// counterparts are the runs of other in the order of those of reference with the same
// seed and repeat; nil if some run, of either, has none, or several.
func counterparts(reference, other []telling) []*telling {
	if len(reference) != len(other) {
		return nil
	}
	byKey := map[key]*telling{}
	for i := range other {
		byKey[keyOf(&other[i])] = &other[i]
	}
	var all []*telling
	for i := range reference {
		k := keyOf(&reference[i])
		if byKey[k] == nil {
			return nil
		}
		all = append(all, byKey[k])
		delete(byKey, k)
	}
	return all
}

func keyOf(t *telling) key { return key{t.Seed, t.Repeat} }

// present are the values of the runs that have one.
func present(of func(*telling) *float64, runs []telling) []float64 {
	var all []float64
	for i := range runs {
		if v := of(&runs[i]); v != nil {
			all = append(all, *v)
		}
	}
	return all
}
