// Package apiserver is what clients call. For each invocation it acquires a
// container from the Scheduler, runs the function in it through its NodeService,
// and returns the container, exactly once, whatever happens in between.
package apiserver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/rpc"
	"github.com/minifaas/minifaas/internal/schedulerclient"
	apiserverpb "github.com/minifaas/minifaas/proto/apiserver"
)

var _ apiserverpb.APIServerServer = (*Server)(nil)

// Config says how an APIServer runs.
type Config struct {
	// Scheduler is its host:port.
	Scheduler string
	// Functions are those that can be invoked.
	Functions *function.Catalogue
	// NodeConnections is how many connections to nodes are kept; 0 means 256.
	NodeConnections int
	// AcquireTimeout bounds the wait for a container where the caller sets no
	// deadline; 0 means 65 s: a little more than a scheduler takes to give up.
	AcquireTimeout time.Duration
	// Announce tells the scheduler of all functions before their first calls, so
	// that a container of each may be ready. A scheduler that does not know that
	// call is left alone.
	Announce bool
	Log      *zap.Logger
}

// Validate reports every fault.
func (c Config) Validate() error {
	var faults []error
	if c.Scheduler == "" {
		faults = append(faults, errors.New("scheduler endpoint is empty: want host:port (SCHEDULER_ENDPOINT)"))
	}
	if c.NodeConnections < 0 {
		faults = append(faults, fmt.Errorf("node connections %d: want 0 or more", c.NodeConnections))
	}
	if c.AcquireTimeout < 0 {
		faults = append(faults, fmt.Errorf("acquire timeout %v: want 0 or more", c.AcquireTimeout))
	}
	return errors.Join(faults...)
}

// Server is the APIServer.
type Server struct {
	apiserverpb.UnimplementedAPIServerServer
	cfg       Config
	log       *zap.Logger
	conn      *grpc.ClientConn
	scheduler *schedulerclient.Client
	nodes     *connections

	announcing sync.WaitGroup
	stop       context.CancelFunc // ends it
}

// New makes a server. It connects with the first call, or at once to announce.
func New(cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.NodeConnections == 0 {
		cfg.NodeConnections = 256
	}
	if cfg.AcquireTimeout == 0 {
		cfg.AcquireTimeout = 65 * time.Second
	}
	conn, err := rpc.Dial(cfg.Scheduler)
	if err != nil {
		return nil, err
	}
	nodes, err := newConnections(cfg.NodeConnections)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, log: cfg.Log, conn: conn, scheduler: schedulerclient.New(conn, cfg.Log), nodes: nodes}
	background, stop := context.WithCancel(context.Background())
	s.stop = stop
	if cfg.Announce {
		s.announcing.Go(func() { s.announce(background) })
	}
	return s, nil
}

// Close waits for containers to be returned and closes the connections. No
// call may be running.
func (s *Server) Close() {
	s.stop()
	s.announcing.Wait()
	s.scheduler.Close()
	s.nodes.close()
	s.conn.Close()
}

// ListFunctions lists the functions in order of account and name.
func (s *Server) ListFunctions(context.Context, *apiserverpb.ListFunctionsRequest) (*apiserverpb.ListFunctionsReply, error) {
	reply := &apiserverpb.ListFunctionsReply{RequestId: uuid.NewString()}
	for _, f := range s.cfg.Functions.All() {
		reply.Functions = append(reply.Functions, &apiserverpb.FunctionConfig{
			FunctionName:  f.Name.Function,
			TimeoutInMs:   f.Timeout.Milliseconds(),
			MemoryInBytes: f.Memory,
			Handler:       f.Handler,
			Runtime:       f.Runtime,
			Version:       f.Name.Version,
			AccountId:     f.Name.Account,
			Concurrency:   int32(f.Concurrency),
		})
	}
	return reply, nil
}

// InvokeFunction runs a function once.
func (s *Server) InvokeFunction(ctx context.Context, req *apiserverpb.InvokeFunctionRequest) (*apiserverpb.InvokeFunctionReply, error) {
	begin := time.Now()
	if n := len(req.GetEvent()); n > rpc.MaxEvent {
		return nil, status.Errorf(codes.ResourceExhausted, "the event has %d bytes; the limit is %d", n, rpc.MaxEvent)
	}
	f, err := s.cfg.Functions.Find(req.GetAccountId(), req.GetFunctionName())
	if err != nil {
		return nil, status.Error(codes.NotFound, err.Error())
	}
	inv := &invocation{
		server: s, function: f, begin: begin,
		id: req.GetRequestId(), account: f.Name.Account, event: req.GetEvent(),
	}
	if inv.id == "" {
		inv.id = uuid.NewString()
	}
	result, err := inv.run(ctx)
	if err != nil {
		return nil, err
	}
	result.RequestId = inv.id
	result.ServerSideLatencyInMs = time.Since(begin).Milliseconds()
	return result, nil
}
