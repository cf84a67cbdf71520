package egress

import (
	"sync"
	"syscall"
)

// Bounds of what connections, and flows of datagrams, take of the node: descriptors, and memory of
// at most two buffers of bufferBytes each, and of those that copy, beside the kernel's own.
const (
	connectionsPerLink = 256
	connectionsPerNode = 4096
	// connectionsAnyway are those of a link that no other link can take from it.
	connectionsAnyway = 16
	bufferBytes       = 128 << 10
)

// mostConnections of a node, as far as its descriptors go.
func mostConnections() int {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return connectionsPerNode
	}
	return int(min(connectionsPerNode, files.Cur/4))
}

// quota counts the connections of all links, but for those that each may have anyway.
type quota struct {
	most int

	mu   sync.Mutex // guards the fields below, and all shares
	open int        // but for those
	all  int
}

// share is a link's part of the quota.
type share struct {
	open   int
	ended  bool
	active sync.WaitGroup
}

// reserve counts one more connection in, unless there are too many, or the share has ended.
func (q *quota) reserve(s *share) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	anyway := s.open < connectionsAnyway
	if s.ended || s.open == connectionsPerLink || !anyway && q.open >= q.most {
		return false
	}
	if !anyway {
		q.open++
	}
	s.open++
	q.all++
	s.active.Add(1)
	return true
}

func (q *quota) release(s *share) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s.open--
	q.all--
	if s.open >= connectionsAnyway {
		q.open--
	}
	s.active.Done()
}

// total is how many are open.
func (q *quota) total() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.all
}

// end lets no connection begin any more; s.active is then waited for.
func (q *quota) end(s *share) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s.ended = true
}
