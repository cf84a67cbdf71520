package engine

import "time"

// ActionKind says what is to be done.
type ActionKind uint8

const (
	// Grant answers Ticket with Node and Container. Cold: the request waited for a new container.
	Grant ActionKind = iota + 1
	// Refuse answers Ticket with Refusal and Message.
	Refuse
	// ReserveNode is answered by NodeReady or NodeFailed with the same Reservation.
	ReserveNode
	// ReleaseNode is answered by NodeReleased, or NodeLost. The shell repeats it until one is true.
	ReleaseNode
	// CreateContainer on Node, called Name, for Function with Memory: answered
	// by ContainerReady or ContainerFailed.
	CreateContainer
	// RemoveContainer Container on Node: answered by ContainerRemoved with
	// Name. The shell repeats it until that is true or the node is lost. Name
	// is empty for a container that the engine does not know: no answer is due.
	RemoveContainer
	// ResizeContainer Container on Node, called Name, to the limit Memory: answered by
	// ContainerResized or ResizeFailed.
	ResizeContainer
)

// Refusal is why a request was refused, by kind.
type Refusal uint8

const (
	// NoCapacity: no memory, and no node to be had.
	NoCapacity Refusal = iota + 1
	// QueueFull: too many requests wait for this function.
	QueueFull
	// DeadlineExceeded: no container came in time, or none can.
	DeadlineExceeded
	// CreateFailed: the container could not be made, and trying again won't help.
	CreateFailed
	// Duplicate: the same request id is waiting already.
	Duplicate
	// Canceled: the caller went away. Nobody is left to hear it; it closes the ticket.
	Canceled
	// CreateGaveUp: the container could not be made in several tries, for reasons that may pass.
	CreateGaveUp
)

// Action is something to be done by the shell. Kind says which other fields are set.
type Action struct {
	Kind    ActionKind
	Ticket  Ticket
	Request RequestID
	Cold    bool
	Refusal Refusal
	// RetryAfter is when the caller may try again with a hope, from now; 0 where
	// that is not known, or does not help.
	RetryAfter time.Duration

	Reservation uint64
	Node        NodeID
	Name        Name
	Container   ContainerID
	// Function is nil but for CreateContainer. It is never changed.
	Function *FunctionSpec
	Memory   Bytes

	// Message says why, for a person: "insufficient memory on 7 nodes, 2 draining".
	Message string
}
