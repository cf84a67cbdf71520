package engine

// list is a doubly linked list through elements that live in the values
// themselves, so that membership costs no allocation and removal no search.
type list[T any] struct {
	front, back *element[T]
	n           int
}

// element is a value's place in at most one list. Its owner sets value once.
type element[T any] struct {
	prev, next *element[T]
	in         *list[T]
	value      *T
}

func (l *list[T]) pushFront(e *element[T]) {
	e.in, e.prev, e.next = l, nil, l.front
	if l.front != nil {
		l.front.prev = e
	} else {
		l.back = e
	}
	l.front = e
	l.n++
}

func (l *list[T]) pushBack(e *element[T]) {
	e.in, e.prev, e.next = l, l.back, nil
	if l.back != nil {
		l.back.next = e
	} else {
		l.front = e
	}
	l.back = e
	l.n++
}

// first returns nil when the list is empty.
func (l *list[T]) first() *T {
	if l.front == nil {
		return nil
	}
	return l.front.value
}

// last returns nil when the list is empty.
func (l *list[T]) last() *T {
	if l.back == nil {
		return nil
	}
	return l.back.value
}

// leave takes the element out of its list, if it is in one.
func (e *element[T]) leave() {
	l := e.in
	if l == nil {
		return
	}
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		l.front = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	} else {
		l.back = e.prev
	}
	l.n--
	e.in, e.prev, e.next = nil, nil, nil
}
