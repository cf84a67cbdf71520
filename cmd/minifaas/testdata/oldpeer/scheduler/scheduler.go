package main

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/net/context"

	"oldpeer/wire"
)

type container struct {
	id       string
	function string
	memory   int64
	node     *node
}

// counts are what the program prints at its end.
type counts struct {
	Nodes       int `json:"nodes"`
	Polls       int `json:"polls"`
	Implausible int `json:"implausible"` // statistics without available memory
	Acquired    int `json:"acquired"`
	Created     int `json:"created"`
	Returned    int `json:"returned"`
	Failed      int `json:"failed"` // returns with an error code
}

type scheduler struct {
	resourceManager wire.Client
	ready           chan struct{} // closed with the first node

	mu     sync.Mutex // guards what follows
	nodes  []*node
	idle   map[string][]*container // by function
	busy   map[string]*container   // by id
	counts counts
}

func newScheduler() *scheduler {
	return &scheduler{ready: make(chan struct{}), idle: map[string][]*container{}, busy: map[string]*container{}}
}

// begin reserves the first node; calls wait for it.
func (s *scheduler) begin(resourceManager wire.Client) error {
	s.resourceManager = resourceManager
	if err := s.reserve(); err != nil {
		return fmt.Errorf("reserve first node: %w", err)
	}
	close(s.ready)
	return nil
}

func (s *scheduler) AcquireContainer(ctx context.Context, req *wire.AcquireContainerRequest) (*wire.AcquireContainerReply, error) {
	<-s.ready
	c := s.takeIdle(req.FunctionName)
	if c == nil {
		var err error
		if c, err = s.create(ctx, req); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Acquired++
	s.busy[c.id] = c
	return &wire.AcquireContainerReply{
		NodeId: c.node.desc.Id, NodeAddress: c.node.desc.Address, NodeServicePort: c.node.desc.NodeServicePort, ContainerId: c.id,
	}, nil
}

func (s *scheduler) takeIdle(function string) *container {
	s.mu.Lock()
	defer s.mu.Unlock()
	idle := s.idle[function]
	if len(idle) == 0 {
		return nil
	}
	s.idle[function] = idle[:len(idle)-1]
	return idle[len(idle)-1]
}

func (s *scheduler) create(ctx context.Context, req *wire.AcquireContainerRequest) (*container, error) {
	memory := req.FunctionConfig.MemoryInBytes
	n := s.book(memory)
	if n == nil {
		if err := s.reserve(); err != nil {
			return nil, err
		}
		if n = s.book(memory); n == nil {
			return nil, fmt.Errorf("no node has %d bytes", memory)
		}
	}
	reply, err := n.client.CreateContainer(ctx, &wire.CreateContainerRequest{
		RequestId: req.RequestId,
		Name:      req.FunctionName + req.RequestId,
		FunctionMeta: &wire.FunctionMeta{
			FunctionName: req.FunctionName, Handler: req.FunctionConfig.Handler,
			TimeoutInMs: req.FunctionConfig.TimeoutInMs, MemoryInBytes: memory,
		},
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		n.free += memory
		return nil, err
	}
	s.counts.Created++
	return &container{id: reply.ContainerId, function: req.FunctionName, memory: memory, node: n}, nil
}

// book takes memory of the first node that has as much.
func (s *scheduler) book(memory int64) *node {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.nodes {
		if n.free >= memory {
			n.free -= memory
			return n
		}
	}
	return nil
}

// ReturnContainer keeps the container for the next call, unless this one failed
// in it.
func (s *scheduler) ReturnContainer(_ context.Context, req *wire.ReturnContainerRequest) (*wire.ReturnContainerReply, error) {
	s.mu.Lock()
	s.counts.Returned++
	c := s.busy[req.ContainerId]
	if c == nil {
		s.mu.Unlock()
		return &wire.ReturnContainerReply{}, nil
	}
	delete(s.busy, c.id)
	// How many such calls would fit: its models divide so, and die of a zero.
	fits := c.memory / req.MaxMemoryUsageInBytes
	failed := req.ErrorCode != "" || fits < 0
	if failed {
		s.counts.Failed++
		c.node.free += c.memory
	} else {
		s.idle[c.function] = append(s.idle[c.function], c)
	}
	s.mu.Unlock()
	if failed {
		// The node may have removed it already; that is no concern of ours.
		_, _ = c.node.client.RemoveContainer(context.Background(), &wire.RemoveContainerRequest{RequestId: req.RequestId, ContainerId: c.id})
	}
	return &wire.ReturnContainerReply{}, nil
}

// drain waits, for a while, until every container has been returned: a return
// comes beside the answer to its call, not before it.
func (s *scheduler) drain() {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		left := len(s.busy)
		s.mu.Unlock()
		if left == 0 {
			return
		}
	}
}

func (s *scheduler) counted() counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}
