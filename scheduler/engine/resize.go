package engine

// resizesPerAsk is how many containers of a function are looked at when one of
// them turns out to be too small.
const resizesPerAsk = 8

// resize has the limits of the function's containers raised to what new ones would
// get, where they are: else each would have to be replaced. The policy sees
// that they are at it, and when a node refuses, that they stay as they are. The
// one that is lost, if any, is past it.
func (e *Engine) resize(f *function, memory Bytes, lost *container) {
	looked := 0
	for el := f.all.back; el != nil && looked < resizesPerAsk && !e.busy(); el = el.prev {
		c := el.value
		looked++
		e.visited++
		if c == lost || c.state != ready || c.Resizing || c.rigid || c.node.rigid || c.Memory >= memory {
			continue
		}
		c.Resizing, c.wanted = true, memory
		e.emit(Action{Kind: ResizeContainer, Node: c.node.ID, Name: c.name, Container: c.id, Memory: memory})
	}
}

func (e *Engine) containerResized(ev *Event) {
	c := e.names[ev.Name]
	if c == nil || !c.Resizing {
		return
	}
	c.Memory, c.Resizing = c.wanted, false
}

// resizeFailed leaves the rest to the policy, which may want another container.
func (e *Engine) resizeFailed(ev *Event) {
	c := e.names[ev.Name]
	if c == nil || !c.Resizing {
		return
	}
	c.Resizing, c.rigid = false, true
	c.node.rigid = c.node.rigid || ev.Permanent
	e.grow(c.fn)
}
