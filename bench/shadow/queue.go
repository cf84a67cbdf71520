package shadow

// queue is first in, first out.
type queue struct {
	items []moment
	first int
}

func (q *queue) push(m moment) { q.items = append(q.items, m) }

func (q *queue) len() int { return len(q.items) - q.first }

// front is nil when the queue is empty.
func (q *queue) front() *moment {
	if q.len() == 0 {
		return nil
	}
	return &q.items[q.first]
}

func (q *queue) pop() moment {
	m := q.items[q.first]
	q.items[q.first] = moment{}
	q.first++
	if q.first == len(q.items) {
		q.items, q.first = q.items[:0], 0
	} else if q.first > 1024 && q.first > len(q.items)/2 {
		n := copy(q.items, q.items[q.first:])
		clear(q.items[n:])
		q.items, q.first = q.items[:n], 0
	}
	return m
}
