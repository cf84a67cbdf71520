package sim

import (
	"fmt"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// carryOut sets off what an action asks for. It never tells the engine anything
// at once: answers are appointments.
func (w *world) carryOut(a *engine.Action) {
	switch a.Kind {
	case engine.Grant:
		w.begin(w.calls.get(a.Ticket), w.boxes.get(number(string(a.Container))), a)
	case engine.Refuse:
		w.finish(w.calls.get(a.Ticket), refused(a.Refusal))
	case engine.ReserveNode:
		w.reserve(a.Reservation)
	case engine.ReleaseNode:
		w.agenda.add(w.now+w.cfg.Platform.Remove, nodeReleased, number(string(a.Node)))
	case engine.CreateContainer:
		w.create(a)
	case engine.RemoveContainer:
		w.leave(w.boxes.get(number(string(a.Container))))
	default:
		w.err = fmt.Errorf("unknown action %d", a.Kind)
	}
}

// keep keeps an appointment. What it is about may be gone by now.
func (w *world) keep(a appointment) {
	switch a.what {
	case nodeReserved:
		w.reserved(a.a)
	case nodeRefused:
		w.tell(engine.Event{
			Kind: engine.NodeFailed, Reservation: a.a, Exhausted: true, Message: "no available node can be reserved",
		})
	case nodeRefilled:
		w.pool.available++
		w.tell(engine.Event{Kind: engine.NodeAvailable})
	case nodeReleased:
		w.released(w.nodes[a.a])
	case nodeDies:
		w.lost(w.nodes[a.a])
	case containerLeaves:
		w.removed(w.boxes.get(a.a))
	case callTimesOut:
		if k := w.calls.find(engine.Ticket(a.a)); k != nil {
			w.timeOut(k)
		}
	case callFindsNobody:
		if k := w.calls.find(engine.Ticket(a.a)); k != nil {
			w.giveBack(k, engine.Outcome{MaxMemory: 1, Error: "ContainerLost", Lost: true}, containerLost)
		}
	}
}

// number is that in the name of a node or a container, such as c17.
func number(name string) uint64 {
	n := uint64(0)
	for i := 1; i < len(name); i++ {
		n = 10*n + uint64(name[i]-'0')
	}
	return n
}
