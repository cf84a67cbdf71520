package rpc

import (
	"context"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/logging"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"google.golang.org/grpc/codes"
)

// callLogger writes the middleware's lines to zap.
func callLogger(log *zap.Logger) logging.Logger {
	log = log.WithOptions(zap.WithCaller(false))
	return logging.LoggerFunc(func(_ context.Context, level logging.Level, message string, keyValues ...any) {
		entry := log.Check(zapLevel(level), message)
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

func zapLevel(l logging.Level) zapcore.Level {
	switch {
	case l >= logging.LevelError:
		return zapcore.ErrorLevel
	case l >= logging.LevelWarn:
		return zapcore.WarnLevel
	case l >= logging.LevelInfo:
		return zapcore.InfoLevel
	default:
		return zapcore.DebugLevel
	}
}

// levelOf keeps what callers cause, or see for themselves, out of the default
// log: only what this side should look into is a warning or worse.
func levelOf(code codes.Code) logging.Level {
	switch code {
	case codes.Internal, codes.DataLoss, codes.Unknown:
		return logging.LevelError
	case codes.Unavailable, codes.Aborted, codes.FailedPrecondition, codes.DeadlineExceeded:
		return logging.LevelWarn
	default:
		return logging.LevelDebug
	}
}
