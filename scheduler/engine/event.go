package engine

import "time"

// Instant is a point in time: nanoseconds since the engine's start.
type Instant int64

// Add returns the instant d later.
func (t Instant) Add(d time.Duration) Instant { return t + Instant(d) }

// Sub returns the time from u to t.
func (t Instant) Sub(u Instant) time.Duration { return time.Duration(t - u) }

// Bytes is an amount of memory.
type Bytes int64

// Names of things outside of the engine. All but Ticket and Name are the
// platform's own and opaque.
type (
	// Ticket stands for one call of AcquireContainer. The shell makes it up, never twice.
	Ticket uint64
	// RequestID is the invocation's id as the caller gave it; it may be empty or repeated.
	RequestID string
	// NodeID is one reservation of a node.
	NodeID string
	// ContainerID is the node's id of a container, unique over all nodes.
	ContainerID string
	// Name is the engine's own id of a container, known before the node has answered.
	Name string
)

// FunctionSpec is what a request says of its function.
type FunctionSpec struct {
	// Name is the qualified name; it alone identifies the function.
	Name   string
	Memory Bytes
	// Timeout bounds one execution; 0 means 60 s.
	Timeout time.Duration
	Handler string
	// Concurrency is how many invocations may run at once in one container; 0
	// leaves it to the policy.
	Concurrency int
}

// EventKind says what happened.
type EventKind uint8

const (
	// Acquire: a caller asks for a container. Ticket, Request, Account, Function; Deadline if the caller has one.
	Acquire EventKind = iota + 1
	// Cancel: the caller of Ticket went away. Unknown or ended tickets are ignored.
	Cancel
	// Return: an invocation ended. Request, Container, Outcome. Unknown leases are ignored.
	Return
	// NodeReady: a node is reserved. Reservation (0 when adopted), Node, Capacity.
	NodeReady
	// NodeFailed: ReserveNode failed. Reservation, Exhausted, Message.
	NodeFailed
	// NodeLost: a node died, with all its containers. Node.
	NodeLost
	// NodeReleased: ReleaseNode has been carried out. Node.
	NodeReleased
	// NodeAvailable: a node can be reserved again, so a retry makes sense.
	NodeAvailable
	// ContainerReady: CreateContainer succeeded. Name, Container; Sandbox and Prepared if the node says.
	ContainerReady
	// ContainerFailed: CreateContainer failed. Name, Permanent, Message.
	ContainerFailed
	// ContainerAdopted: a container was found on an adopted node. Node, Container, Function, InFlight.
	ContainerAdopted
	// ContainerLost: a container died by itself. Container.
	ContainerLost
	// ContainerRemoved: RemoveContainer has been carried out. Name.
	ContainerRemoved
	// Stats: what a node says of its containers. Node, Since, Containers, Named, Sandboxes.
	Stats
	// Wake: nothing but time has passed.
	Wake
	// Announce: a function has been deployed, before its first request. Account, Function.
	Announce
	// ContainerResized: ResizeContainer succeeded. Name.
	ContainerResized
	// ResizeFailed: the container has the limit that it had. Name; Permanent if its
	// node can't resize any.
	ResizeFailed
)

// Event is something that happened. Kind says which other fields are set.
type Event struct {
	Kind     EventKind
	Ticket   Ticket
	Request  RequestID
	Account  string
	Function FunctionSpec
	// Deadline is when the caller gives up; 0 means that it does not say.
	Deadline Instant

	Node        NodeID
	Reservation uint64
	Capacity    Bytes
	Exhausted   bool

	Name      Name
	Container ContainerID
	Outcome   Outcome
	InFlight  int
	Permanent bool
	// Sandbox is the kind of those that the function takes, by the node's word for it, and
	// Prepared that the container was made from one that waited.
	Sandbox  string
	Prepared bool
	// Since is when the statistics were asked for: what changed later is not in them.
	Since      Instant
	Containers []ContainerStat
	// Named: the node names its containers and lists all of them, also when that
	// is none. Without it one that gives a name is taken to do so from then on.
	Named bool
	// Sandboxes are those that wait on the node for a function, by kind.
	Sandboxes []SandboxStat

	Message string
}

// Outcome is how an invocation ended.
type Outcome struct {
	Duration  time.Duration
	MaxMemory Bytes
	// CPU that the container used meanwhile, for all its invocations; 0 where nobody measures it.
	CPU time.Duration
	// Error is the error code of ReturnContainer; empty on success.
	Error string
	// Lost: the container is gone.
	Lost bool
}

// Error codes of Outcome that mean something to the engine or to a policy.
const (
	ErrorTimeout     = "Timeout"
	ErrorOutOfMemory = "OutOfMemory"
)

// SandboxStat is how many sandboxes of a kind wait on a node for functions.
type SandboxStat struct {
	Kind  string
	Ready int
}

// ContainerStat is what a node says of one container.
type ContainerStat struct {
	Container ContainerID
	// Name is what CreateContainer gave; empty on nodes that don't say.
	Name     Name
	InFlight int
}
