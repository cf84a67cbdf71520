package main

import (
	"cmp"
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/minifaas/minifaas/internal/rpc"
	"github.com/minifaas/minifaas/internal/telemetry"
)

// service is one gRPC service of this process.
type service struct {
	listen   listenFlags
	offset   int
	log      *zap.Logger
	registry *prometheus.Registry
	register func(*rpc.Server)
	// socket, if not empty, is the name of an abstract unix socket to listen on as well.
	socket string
	// background runs beside the calls; nil is none. When it ends, all does.
	background func(context.Context) error
	// ready is closed when calls may come; nil means from the start.
	ready <-chan struct{}
	// workers is how many calls find a goroutine that waits for them; 0 means defaultWorkers.
	workers uint32
	// leavesCores: it does with half of the machine's.
	leavesCores bool
	// drain ends streams that would go on for ever; it is called when the
	// service begins to stop. nil is none.
	drain func()
}

// defaultWorkers cost a few hundred kilobytes of stacks.
const defaultWorkers = 64

// gcPercent is that of a process whose heap is a few megabytes: by default it would
// be collected many times a second under load.
const gcPercent = 400

// leaveCores makes the process use half of the machine's cores, unless the environment
// says how many. A service that hands messages on has work for few, but the Go runtime
// wakes another for all that one might leave to it, while the peer that is to have the
// message needs one too. On two cores that was a fifth of what APIServer and Scheduler spent
// on a warm call, and a third of the Scheduler's pace with many callers.
func leaveCores() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(max(1, runtime.GOMAXPROCS(0)/2))
	}
}

// serve runs a service until ctx ends or a part of it fails. Calls end before
// the background does: they need it.
func serve(ctx context.Context, s service) error {
	debug.SetGCPercent(gcPercent)
	if s.leavesCores {
		leaveCores()
	}
	lis, err := rpc.Listen(net.JoinHostPort(s.listen.Address, strconv.Itoa(s.listen.port(s.offset))))
	if err != nil {
		return err
	}
	defer lis.Close()
	listeners := []net.Listener{lis}
	if s.socket != "" {
		local, err := rpc.ListenAbstract(s.socket)
		if err != nil {
			return err
		}
		defer local.Close()
		listeners = append(listeners, local)
	}
	server := rpc.NewServer(rpc.ServerConfig{Log: s.log, Metrics: s.registry, Workers: cmp.Or(s.workers, defaultWorkers)})
	s.register(server)
	group, running := errgroup.WithContext(ctx)
	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	if s.drain != nil {
		defer context.AfterFunc(running, s.drain)()
	}
	if s.background != nil {
		group.Go(func() error {
			if err := s.background(background); err != nil || background.Err() != nil {
				return err
			}
			return errors.New("the service ended by itself")
		})
	}
	if s.listen.MetricsAddress != "" {
		group.Go(func() error {
			return telemetry.ServeMetrics(running, s.listen.MetricsAddress, s.registry, func() error { return nil })
		})
	}
	group.Go(func() error {
		defer stopBackground()
		if s.ready != nil {
			select {
			case <-s.ready:
			case <-running.Done():
				return nil
			}
		}
		s.log.Info("serving", zap.Stringer("address", lis.Addr()))
		return server.Serve(running, listeners...)
	})
	return group.Wait()
}
