package engine

import "math"

// absent is the value of a place that nothing may find.
const absent = math.MinInt64

// maxTree holds a number a place and finds the first place, from a given one
// on, whose number is large enough: in steps logarithmic to the size.
type maxTree struct {
	base int     // number of places; a power of two
	v    []int64 // v[base+i] is place i, v[i] the larger of v[2i] and v[2i+1]
}

func (t *maxTree) resize(base int) {
	t.base = base
	t.v = make([]int64, 2*base)
	for i := range t.v {
		t.v[i] = absent
	}
}

// set stops as soon as the maximum of a subtree is what it was.
func (t *maxTree) set(place int, x int64) {
	i := t.base + place
	t.v[i] = x
	for i > 1 {
		i /= 2
		m := max(t.v[2*i], t.v[2*i+1])
		if t.v[i] == m {
			return
		}
		t.v[i] = m
	}
}

// next returns -1 when no place from on holds least or more.
func (t *maxTree) next(from int, least int64) int {
	if from >= t.base {
		return -1
	}
	i := t.base + from
	for t.v[i] < least {
		for i&1 == 1 { // a right child: what is to the right of its parent comes next
			i /= 2
		}
		if i == 0 {
			return -1
		}
		i++
	}
	for i < t.base {
		i *= 2
		if t.v[i] < least {
			i++
		}
	}
	return i - t.base
}
