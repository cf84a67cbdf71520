package sim

import "iter"

// registry holds what is there by its number, from 0 in order of coming. A page of
// which all have gone is dropped: a simulation that never ends keeps 8 bytes for
// every pageSize containers that there have been.
type registry[T any] struct {
	pages []*page[T]
	count int
}

const pageSize = 1 << 10

type page[T any] struct {
	items [pageSize]*T
	left  int
}

func (r *registry[T]) add(item *T) {
	if r.count%pageSize == 0 {
		r.pages = append(r.pages, &page[T]{left: pageSize})
	}
	r.pages[len(r.pages)-1].items[r.count%pageSize] = item
	r.count++
}

// get is nil when it has gone.
func (r *registry[T]) get(number uint64) *T {
	p := r.pages[number/pageSize]
	if p == nil {
		return nil
	}
	return p.items[number%pageSize]
}

// remove forgets one that is there.
func (r *registry[T]) remove(number uint64) {
	p := r.pages[number/pageSize]
	p.items[number%pageSize] = nil
	if p.left--; p.left == 0 {
		r.pages[number/pageSize] = nil
	}
}

// all yields what is there, in order of number.
func (r *registry[T]) all() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for _, p := range r.pages {
			if p == nil {
				continue
			}
			for _, item := range p.items {
				if item != nil && !yield(item) {
					return
				}
			}
		}
	}
}
