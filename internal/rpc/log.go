package rpc

import (
	"context"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/logging"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// logInterceptors log every call at level debug. Above that level they log
// failed calls alone: the middleware gathers its fields before it knows whether
// anybody wants them, which is a fifth of the cost of a small call.
func logInterceptors(log *zap.Logger) (grpc.UnaryServerInterceptor, grpc.StreamServerInterceptor) {
	if log.Core().Enabled(zapcore.DebugLevel) {
		options := []logging.Option{
			logging.WithLogOnEvents(logging.FinishCall),
			logging.WithLevels(func(code codes.Code) logging.Level { return logging.Level(4 * levelOf(code)) }),
		}
		return logging.UnaryServerInterceptor(adapt(log), options...), logging.StreamServerInterceptor(adapt(log), options...)
	}
	unary := func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		begin := time.Now()
		reply, err := handler(ctx, req)
		if err != nil {
			logCall(log, info.FullMethod, begin, err)
		}
		return reply, err
	}
	stream := func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		begin := time.Now()
		err := handler(srv, ss)
		if err != nil {
			logCall(log, info.FullMethod, begin, err)
		}
		return err
	}
	return unary, stream
}

// logCall writes one line, as the middleware does, if the log's level asks for it.
func logCall(log *zap.Logger, method string, begin time.Time, err error) {
	if err == nil {
		if entry := log.Check(zapcore.DebugLevel, "finished call"); entry != nil {
			entry.Write(zap.String("grpc.method", method), zap.Duration("grpc.time", time.Since(begin)))
		}
		return
	}
	s := status.Convert(err)
	if entry := log.Check(levelOf(s.Code()), "failed call"); entry != nil {
		entry.Write(zap.String("grpc.method", method), zap.Stringer("grpc.code", s.Code()),
			zap.String("grpc.error", s.Message()), zap.Duration("grpc.time", time.Since(begin)))
	}
}

// adapt writes the middleware's lines to zap; its levels are zap's, four apart.
func adapt(log *zap.Logger) logging.Logger {
	return logging.LoggerFunc(func(_ context.Context, level logging.Level, message string, keyValues ...any) {
		entry := log.Check(zapcore.Level(level/4), message)
		if entry == nil {
			return
		}
		fields := make([]zap.Field, 0, len(keyValues)/2)
		for i := 0; i+1 < len(keyValues); i += 2 {
			key, _ := keyValues[i].(string)
			fields = append(fields, zap.Any(key, keyValues[i+1]))
		}
		entry.Write(fields...)
	})
}

// levelOf keeps what callers cause, or see for themselves, out of the default
// log: only what this side should look into is a warning or worse.
func levelOf(code codes.Code) zapcore.Level {
	switch code {
	case codes.Internal, codes.DataLoss, codes.Unknown:
		return zapcore.ErrorLevel
	case codes.Unavailable, codes.Aborted, codes.FailedPrecondition, codes.DeadlineExceeded:
		return zapcore.WarnLevel
	default:
		return zapcore.DebugLevel
	}
}
