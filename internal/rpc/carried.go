package rpc

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Carried are the calls of one method that come over a stream instead of alone.
// They are counted, timed, logged and recovered from as if they came alone. On a
// stream of a server that is not a Server they are recovered from only. Its
// methods may be called at once.
type Carried struct {
	method  string
	log     *zap.Logger
	metrics *methodMetrics // nil: there are none
}

// CarriedBy is for the handler of a stream that carries calls of method, which is
// a full name: "/package.Service/Method". The context is the stream's.
func CarriedBy(stream context.Context, method string) *Carried {
	c := &Carried{method: method, log: zap.NewNop()}
	if s, ok := stream.Value(carrierKey{}).(*Server); ok {
		c.log = s.log
		if s.metrics != nil {
			c.metrics = s.metrics.methods[method]
		}
	}
	return c
}

// Begin counts a call that has come.
func (c *Carried) Begin() {
	if c.metrics != nil {
		c.metrics.started.Inc()
	}
}

// End counts the answer of a call that came at begin.
func (c *Carried) End(begin time.Time, err error) {
	if c.metrics != nil {
		c.metrics.ended(begin, err)
	}
	logCall(c.log, c.method, begin, err)
}

// Do makes a call from begin to end. A panic becomes its error.
func (c *Carried) Do(handle func() error) (err error) {
	c.Begin()
	begin := time.Now()
	defer func() {
		if p := recover(); p != nil {
			err = panicked(c.log, p)
		}
		c.End(begin, err)
	}()
	return handle()
}

// panicked logs a panic and makes it the error of its call.
func panicked(log *zap.Logger, p any) error {
	log.Error("panic in a call", zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
	return status.Error(codes.Internal, fmt.Sprintf("internal error: %v", p))
}

// Stopping is closed when the server of a stream begins to stop: a stream that
// would go on for ever ends then. It is nil on a server that is not a Server.
func Stopping(stream context.Context) <-chan struct{} {
	if s, ok := stream.Value(carrierKey{}).(*Server); ok {
		return s.stopping
	}
	return nil
}

type carrierKey struct{}

// carry lets the handlers of streams find the server.
func (s *Server) carry(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	return handler(srv, carrier{ss, context.WithValue(ss.Context(), carrierKey{}, s)})
}

type carrier struct {
	grpc.ServerStream
	ctx context.Context
}

func (c carrier) Context() context.Context { return c.ctx }
