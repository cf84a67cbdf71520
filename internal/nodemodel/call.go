package nodemodel

import "time"

// Work is what one call takes: CPU, then sleep. Below zero counts as zero.
type Work struct {
	CPU, Sleep time.Duration
	// Memory is what it adds to its container's from its begin to its end, in bytes.
	Memory int64
}

// Call is a call in a container. It is a handle: all that happens to it, happens through its Model.
type Call struct {
	// Key is the caller's name for it. The model does not look at it.
	Key       uint64
	Container *Container

	seq    uint64 // in order of begin, over the whole node
	memory int64
	sleep  time.Duration
	before float64 // CPU that the container had used when the call began, in ns
	phase  phase
}

type phase uint8

const (
	computing phase = iota
	sleeping
	over
)

// Kind says how something ended.
type Kind uint8

const (
	// Created: the container is ready.
	Created Kind = iota + 1
	// Finished: the call has done its work.
	Finished
	// OutOfMemory: the container was killed, with all its calls. They get no completions of their own.
	OutOfMemory
)

// Completion is something that came to its end.
type Completion struct {
	At        time.Duration
	Kind      Kind
	Container *Container
	// Call is nil but for Finished.
	Call *Call
	// Peak is the most memory that the container used during the call, in bytes;
	// when no call ended, what it uses now.
	Peak int64
	// CPU that the container used during the call, for all its calls; when no call
	// ended, all that it has used.
	CPU time.Duration
}

// Usage is what a container or a node uses.
type Usage struct {
	// Memory in bytes, now.
	Memory int64
	// CPU used so far.
	CPU time.Duration
	// Throttled is the time for which calls wanted more than their container's quota so far.
	Throttled time.Duration
}
