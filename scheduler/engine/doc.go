// Package engine decides which container serves which request, and how many
// containers and nodes there are. It does nothing itself: Step takes in what
// has happened and gives back what is to be done. The same events at the same
// instants give the same actions, in a server as in a simulator; Hash tells
// whether they did.
//
// # The contract with the shell
//
// The shell is what calls the engine and carries its actions out. It must keep to this:
//
//  1. One call at a time. An Engine has no lock. Hold yours for Step alone,
//     never while an action is carried out.
//  2. Time is an argument: nanoseconds since an origin of the shell's choice,
//     the same for Step, Event.Deadline and Event.Since. An instant earlier
//     than the last one counts as the last one.
//  3. Call Step with Wake when NextWake is due. It may be due at once: one
//     Step does a bounded amount of work and leaves the rest to the next.
//  4. Every Acquire has a Ticket of its own and is answered by exactly one
//     Grant or Refuse with that Ticket, at once or in a later Step. A caller
//     that goes away is reported by Cancel; when its Grant is out already, the
//     shell sends the Return itself.
//  5. Every Grant is a lease, and ends by Return with the same Request and
//     Container, by its deadline (the function's timeout and LeaseGrace
//     later), when LeaseGrace after the grant nothing runs in the container,
//     or with its container. A second Return has no effect. Leases without a
//     request id are told apart by nothing: Return ends the oldest.
//  6. Every ReserveNode is answered by NodeReady or NodeFailed with the same
//     Reservation, ReleaseNode by NodeReleased or NodeLost, CreateContainer by
//     ContainerReady or ContainerFailed, RemoveContainer by ContainerRemoved
//     with the same Name, or by the loss of the node. Actions of one Step are
//     independent of one another and may be carried out in any order or at once.
//  7. Memory is booked in the Step that emits CreateContainer and given back
//     by ContainerFailed, ContainerLost, ContainerRemoved or NodeLost: so report
//     those when the memory is really free, and not before.
//  8. Send Stats for every node from time to time, with Since taken before
//     the node was asked. That is how a container in quarantine comes back or
//     goes, and how containers that exist on one side only are found.
//  9. To take over nodes after a restart, send NodeReady with Reservation 0,
//     then ContainerAdopted for each of their containers, before any Stats.
//     Give the new engine another Seed.
//  10. Events about things that the engine does not know, or that come too
//     late, are legal and have no effect.
//
// # Containers
//
//	state        event or decision                         next
//	creating     ContainerReady                            ready
//	creating     ContainerFailed                           gone
//	ready        Grant, Return                             ready (idle without leases, else busy)
//	ready        idle for too long, or evicted             removing
//	ready        Return with Lost                          removing
//	ready        Return, and the policy retires it         retiring, or removing when empty
//	retiring     Return of its last lease                  removing
//	ready        a lease's deadline                        quarantined (retiring too)
//	ready        Stats: nothing in flight, leases older
//	             than LeaseGrace (nodes that give names)   quarantined
//	quarantined  Stats: nothing in flight                  ready
//	quarantined  Stats: more in flight than leases         removing
//	quarantined  Return with Lost                          removing
//	removing     ContainerRemoved                          gone
//	any          ContainerLost, NodeLost, missing in Stats gone (missing: not while creating or removing)
//	(adopted)    ContainerAdopted                          ready, or quarantined while calls run
//
// # Nodes
//
//	state        event or decision                         next
//	(reserving)  NodeReady                                 ready
//	(reserving)  NodeFailed                                gone
//	ready        empty for too long                        releasing
//	releasing    NodeReleased                              gone
//	any          NodeLost                                  gone
//
// # Who gets room
//
// A function's tenant is the account of its first request. As soon as something
// finds no room, whatever wants a container stands in line, and the tenants take
// turns by deficit round robin, in bytes of booked memory. Room made by eviction
// is claimed for the function that it was made for. Where all is busy and no
// node can be had, a node is held for the function whose turn it is: a container
// there whose call ends leaves for it, if its tenant has more than the other. So
// nobody waits for longer than about one call of somebody else's, one removal and
// one cold start. The policy's pace is shared in the same way.
//
// # Work of a Step
//
// However much there is, a Step visits at most 64 objects beside those that its
// event and its own actions name; Visited counts them. The exceptions are the
// loss of a node, which visits what was on it, and a policy that looks at every
// node to place a container. A container counts with its leases, and Stats names
// what the node lists and holds. Not counted is that once in a while an added
// node has the index of nodes copied. What is left over is due at once, or where
// it is room that some still have to be tried for, when one of them asks again,
// at the latest after RescaleInterval. Granting and returning a warm container
// allocates nothing.
package engine
