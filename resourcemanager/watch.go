package resourcemanager

import (
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
)

// watcherBuffer is how many events a watcher may be behind.
const watcherBuffer = 64

var errStopping = status.Error(codes.Unavailable, "resourcemanager is stopping")

var errSlowWatcher = status.Errorf(codes.Aborted, "watcher is more than %d events behind: watch again and compare with GetNodesUsage", watcherBuffer)

// watchers are those who listen to the pool. The zero value has none. It is
// not safe for concurrent use.
type watchers struct {
	all   map[*watcher]struct{}
	ended error // what new watchers are told, when there can't be any
}

type watcher struct {
	events chan *resourcemanagerpb.NodeEvent
	err    error // why events was closed
}

func (ws *watchers) add() *watcher {
	w := &watcher{events: make(chan *resourcemanagerpb.NodeEvent, watcherBuffer)}
	if ws.ended != nil {
		w.end(ws.ended)
		return w
	}
	if ws.all == nil {
		ws.all = map[*watcher]struct{}{}
	}
	ws.all[w] = struct{}{}
	return w
}

func (ws *watchers) remove(w *watcher) { delete(ws.all, w) }

// send never blocks: a watcher that is too far behind is ended instead.
func (ws *watchers) send(ev *resourcemanagerpb.NodeEvent) {
	for w := range ws.all {
		select {
		case w.events <- ev:
		default:
			ws.remove(w)
			w.end(errSlowWatcher)
		}
	}
}

func (ws *watchers) close(err error) {
	ws.ended = err
	for w := range ws.all {
		ws.remove(w)
		w.end(err)
	}
}

func (w *watcher) end(err error) {
	w.err = err
	close(w.events)
}

// EndWatches ends all watches, and lets no more begin: the server is about to stop.
func (s *Server) EndWatches() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers.close(errStopping)
}

// WatchNodes implements the rpc.
func (s *Server) WatchNodes(_ *resourcemanagerpb.WatchNodesRequest, stream grpc.ServerStreamingServer[resourcemanagerpb.NodeEvent]) error {
	s.mu.Lock()
	w := s.watchers.add()
	available := s.ledger.Available()
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.watchers.remove(w)
	}()
	first := &resourcemanagerpb.NodeEvent{Kind: resourcemanagerpb.NodeEvent_KIND_WATCHING, Available: int32(available)}
	if err := stream.Send(first); err != nil {
		return err
	}
	for {
		select {
		case <-stream.Context().Done():
			return status.FromContextError(stream.Context().Err()).Err()
		case ev, ok := <-w.events:
			if !ok {
				return w.err
			}
			if err := stream.Send(ev); err != nil {
				return err
			}
		}
	}
}
