// Package telemetry makes the logger and serves the metrics of one process.
package telemetry

import (
	"fmt"
	"os"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// NewLogger writes to stderr from level (debug, info, warn, error) up, as
// "text" for people or as "json". name tells the processes of one platform apart.
func NewLogger(name, level, format string) (*zap.Logger, error) {
	lowest, err := zapcore.ParseLevel(level)
	if err != nil {
		return nil, fmt.Errorf("log level %q: want debug, info, warn or error", level)
	}
	var encoder zapcore.Encoder
	switch format {
	case "json":
		encoder = zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	case "text":
		config := zap.NewDevelopmentEncoderConfig()
		config.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05.000")
		config.EncodeLevel = zapcore.CapitalLevelEncoder
		config.CallerKey = ""
		encoder = zapcore.NewConsoleEncoder(config)
	default:
		return nil, fmt.Errorf("log format %q: want text or json", format)
	}
	core := zapcore.NewCore(encoder, zapcore.Lock(os.Stderr), lowest)
	return zap.New(core).Named(name), nil
}
