package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/minifaas/minifaas/internal/rpc"
	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
)

// platformWatch looks after a platform on which something is measured: what is
// measured after a service or a node of it has died says nothing of anything else.
type platformWatch struct {
	platform *platform
	fail     context.CancelCauseFunc
	ctx      context.Context
	looking  sync.WaitGroup
}

// deathsEvery is how often the platform is asked whether its services live: a dead one is
// started again, so that nobody else would notice.
const deathsEvery = 100 * time.Millisecond

// watch returns a context that ends early if something of the platform dies before stop is called.
func (p *platform) watch(ctx context.Context) (context.Context, *platformWatch) {
	w := &platformWatch{platform: p}
	w.ctx, w.fail = context.WithCancelCause(ctx)
	w.looking.Go(func() {
		tick := time.NewTicker(deathsEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				w.lookAtServices()
			case <-w.ctx.Done():
				return
			}
		}
	})
	w.looking.Go(w.lookAtNodes)
	return w.ctx, w
}

// errPlatform begins what is said of a platform that has failed.
var errPlatform = errors.New("the bench's own platform failed")

// errWatched ends a watch under which nothing has died.
var errWatched = errors.New("the watch is over")

// stop ends the watch. The error wraps errPlatform, and says what has died first.
func (w *platformWatch) stop() error {
	w.lookAtServices()
	w.fail(errWatched)
	w.looking.Wait()
	if err := context.Cause(w.ctx); errors.Is(err, errPlatform) {
		return err
	}
	return nil
}

func (w *platformWatch) lookAtServices() {
	for _, s := range w.platform.supervisor.Services() {
		if s.Deaths > 0 {
			exit := "exit status 0"
			if s.LastExit != nil {
				exit = s.LastExit.Error()
			}
			w.fail(fmt.Errorf("%w: the service %s died (%s)", errPlatform, s.Name, exit))
		}
	}
}

// lookAtNodes returns when the watch ends, or the ResourceManager, which is a service.
func (w *platformWatch) lookAtNodes() {
	conn, err := rpc.Dial(w.platform.endpoint(resourceManagerPort))
	if err != nil {
		return
	}
	defer conn.Close()
	events, err := resourcemanagerpb.NewResourceManagerClient(conn).WatchNodes(w.ctx, &resourcemanagerpb.WatchNodesRequest{})
	for err == nil {
		var ev *resourcemanagerpb.NodeEvent
		if ev, err = events.Recv(); ev.GetKind() == resourcemanagerpb.NodeEvent_KIND_LOST {
			w.fail(fmt.Errorf("%w: the node %s was lost", errPlatform, ev.GetNode().GetId()))
		}
	}
}
