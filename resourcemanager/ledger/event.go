package ledger

import "time"

// EventKind says what happened.
type EventKind uint8

const (
	// Open: the pool opens; nodes that are missing may be started.
	Open EventKind = iota + 1
	// Adopted: a node of an earlier run lives. Node; Offer and Reservation if
	// it is reserved. Only before Open.
	Adopted
	// Ready: a node that was started, or adopted without a reservation, is up and empty. Node, Offer.
	Ready
	// Lost: a node is gone, or could not be started. Node.
	Lost
	// Reserve: somebody wants a node.
	Reserve
	// Claimed: the node has agreed to be reserved. Node, Claim.
	Claimed
	// Unclaimed: nobody wants the claimed node any more. Node, Claim.
	Unclaimed
	// Release: somebody gives a node back. ID.
	Release
	// Released: the node is empty, or (Broken) could not be emptied and is on its way to be Lost. ID.
	Released
	// Close: the pool ends, and with it all reservations.
	Close
	// Wake: nothing but time has passed.
	Wake
)

// Event is something that happened. Kind says which other fields are set.
type Event struct {
	Kind        EventKind
	Node        string
	Claim       uint64
	ID          string
	Broken      bool
	Offer       Offer
	Reservation Reservation
}

// DecisionKind says what is to be done.
type DecisionKind uint8

const (
	// Start Node: answered by Ready or Lost.
	Start DecisionKind = iota + 1
	// Stop Node for good: there are more than Config.Max.
	Stop
	// Claim Node, to answer a Reserve: answered by Claimed or Unclaimed with the same Claim, or by Lost.
	Claim
	// Exhausted answers a Reserve: no node is available.
	Exhausted
	// Reserved answers Claimed with the Reservation. There is none when the
	// node was lost meanwhile.
	Reserved
	// Reset Node, to answer a Release: end all that it runs, then Released. A
	// Release of a reservation that is over already is answered by nothing.
	Reset
	// Unknown answers a Release: there is no such reservation.
	Unknown
	// Ended: Reservation is over, by a release, the loss of its node or the end of the pool.
	Ended
)

// Decision is something to be done by the caller. Kind says which other fields are set.
type Decision struct {
	Kind        DecisionKind
	Node        string
	Claim       uint64
	Reservation Reservation
}

// Offer is what a tenant gets with a node.
type Offer struct {
	Address string `json:"address"`
	Port    int    `json:"port"`
	// Memory offered to containers, in bytes.
	Memory int64 `json:"memory"`
	// CPU in thousandths of a core.
	CPU int64 `json:"cpu"`
}

// Reservation is one loan of one node.
type Reservation struct {
	// ID is the node's name and how often it has been reserved.
	ID   string `json:"id"`
	Node string `json:"node"`
	Offer
	Reserved time.Time `json:"reserved"`
	// Released is zero while the node is lent.
	Released time.Time `json:"released,omitzero"`
	// Lost: it ended by the loss of the node.
	Lost bool `json:"lost,omitempty"`
}

// Over reports whether the reservation has ended.
func (r Reservation) Over() bool { return !r.Released.IsZero() }

// NodeTime is how long the node has been lent, up to now at the latest.
func (r Reservation) NodeTime(now time.Time) time.Duration {
	if r.Over() {
		now = r.Released
	}
	return now.Sub(r.Reserved)
}
