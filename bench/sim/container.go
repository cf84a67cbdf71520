package sim

import (
	"strconv"
	"time"

	"github.com/minifaas/minifaas/bench/trace"
	"github.com/minifaas/minifaas/internal/nodemodel"
	"github.com/minifaas/minifaas/scheduler/engine"
)

// container is one from the decision to create it until it is gone.
type container struct {
	number   uint64
	id       engine.ContainerID
	name     engine.Name
	node     *node
	function int
	memory   engine.Bytes
	created  time.Duration
	// model is nil once it is dead, though the engine may not know yet.
	model          *nodemodel.Container
	ready, leaving bool
	// fails: it will not get ready.
	fails bool
	calls []*call
	place int // in its node's list
}

// idle: it is alive and in service, and has nothing to do.
func (c *container) idle() bool { return c.ready && !c.leaving && c.model != nil && len(c.calls) == 0 }

func (w *world) create(a *engine.Action) {
	n := w.nodes[number(string(a.Node))]
	f := w.functions[a.Function.Name]
	c := &container{
		number: uint64(w.boxes.count), name: a.Name, node: n, function: f,
		memory: a.Memory, created: w.now, place: len(n.boxes),
	}
	c.id = engine.ContainerID("c" + strconv.FormatUint(c.number, 10))
	if failed := w.cfg.Platform.Faults.Failed; failed > 0 {
		c.fails = w.pool.failing.Float64() < failed
	}
	how := w.cfg.Platform.Create(f)
	how.Delay, how.CPU = n.slowed(how.Delay), n.slowed(how.CPU)
	how.Memory = resident(how.Memory, &w.cfg.Workload.Functions[f])
	w.boxes.add(c)
	n.boxes = append(n.boxes, c)
	c.model = n.model.Create(w.now, c.number, int64(c.memory), how)
	w.active.touched(n)
	w.meter.created++
	w.meter.now.Containers++
}

// resident is the memory that a container of the function uses without calls, in
// bytes. What a trace has seen in use has the platform's own share in it.
func resident(own int64, f *trace.Function) int64 {
	if f.Used {
		return f.Resident
	}
	return own + f.Resident
}

// advance takes what has ended on a node.
func (w *world) advance(n *node) {
	w.ended = n.model.Advance(w.now, w.ended[:0])
	for i := range w.ended {
		w.completed(&w.ended[i])
	}
	w.active.touched(n)
}

func (w *world) completed(done *nodemodel.Completion) {
	c := w.boxes.get(done.Container.Key)
	switch done.Kind {
	case nodemodel.Created:
		w.getReady(c)
	case nodemodel.Finished:
		k := w.calls.slots[done.Call.Key]
		w.giveBack(k, engine.Outcome{
			Duration: w.now - k.granted, MaxMemory: engine.Bytes(max(1, done.Peak)), CPU: done.CPU,
		}, succeeded)
	case nodemodel.OutOfMemory:
		w.die(c, done)
	}
}

func (w *world) getReady(c *container) {
	if c.fails {
		c.node.model.Remove(w.now, c.model)
		w.failed(c, "the container could not be made")
		return
	}
	c.ready = true
	w.meter.now.Idle++
	w.tell(engine.Event{Kind: engine.ContainerReady, Name: c.name, Container: c.id})
}

func (w *world) failed(c *container, message string) {
	w.gone(c)
	w.tell(engine.Event{Kind: engine.ContainerFailed, Name: c.name, Message: message})
}

// die is a container's death for want of memory, and that of all its calls.
func (w *world) die(c *container, done *nodemodel.Completion) {
	w.meter.killed++
	switch {
	case !c.ready:
		w.failed(c, "out of memory")
		return
	case c.idle():
		w.gone(c)
		w.tell(engine.Event{Kind: engine.ContainerLost, Container: c.id})
		return
	}
	c.model = nil
	for len(c.calls) > 0 {
		k := c.calls[0]
		w.giveBack(k, engine.Outcome{
			Duration: w.now - k.granted, MaxMemory: engine.Bytes(max(1, done.Peak)), CPU: done.CPU,
			Error: engine.ErrorOutOfMemory, Lost: true,
		}, outOfMemory)
	}
}

// leave begins the removal of a container.
func (w *world) leave(c *container) {
	if c.idle() {
		w.meter.now.Idle--
	}
	c.leaving = true
	w.meter.removed++
	w.agenda.add(w.now+w.cfg.Platform.Remove, containerLeaves, c.number)
}

// removed ends the removal, and calls that are still in the container with it.
func (w *world) removed(c *container) {
	if c == nil {
		return // with its node
	}
	for len(c.calls) > 0 {
		w.giveBack(c.calls[0], engine.Outcome{MaxMemory: 1, Error: "ContainerLost", Lost: true}, containerLost)
	}
	if c.model != nil {
		c.node.model.Remove(w.now, c.model)
	}
	w.gone(c)
	w.active.touched(c.node)
	w.tell(engine.Event{Kind: engine.ContainerRemoved, Name: c.name})
}

// gone takes a container without calls out of everything but the model of its node.
func (w *world) gone(c *container) {
	if c.idle() {
		w.meter.now.Idle--
	}
	w.meter.containerWent()
	boxes := c.node.boxes
	last := len(boxes) - 1
	boxes[c.place] = boxes[last]
	boxes[c.place].place = c.place
	boxes[last] = nil
	c.node.boxes = boxes[:last]
	c.model = nil
	w.boxes.remove(c.number)
}
