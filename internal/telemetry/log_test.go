package telemetry

import (
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"go.uber.org/zap"
)

func TestBadLogSettings(t *testing.T) {
	for _, test := range []struct{ level, format, want string }{
		{"loud", "text", `log level "loud": want debug, info, warn or error`},
		{"info", "xml", `log format "xml": want text or json`},
	} {
		if _, err := NewLogger("x", test.level, test.format); err == nil || err.Error() != test.want {
			t.Errorf("%s, %s: got %v, want %s", test.level, test.format, err, test.want)
		}
	}
}

func TestLogFormats(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			text := captureStderr(t, func() {
				log, err := NewLogger("node-1", "warn", format)
				if err != nil {
					t.Fatal(err)
				}
				log.Info("not worth a line")
				log.Warn("a warning", zap.Int("count", 3))
			})
			if strings.Count(text, "\n") != 1 {
				t.Errorf("want one line:\n%s", text)
			}
			for _, want := range []string{"node-1", "a warning", "count"} {
				if !strings.Contains(text, want) {
					t.Errorf("no %s in %s", want, text)
				}
			}
			if format == "json" && !json.Valid([]byte(text)) {
				t.Errorf("no JSON: %s", text)
			}
		})
	}
}

// captureStderr returns what is written to it; loggers made meanwhile write there.
func captureStderr(t *testing.T, run func()) string {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	old := os.Stderr
	os.Stderr = write
	run()
	os.Stderr = old
	write.Close()
	text, err := io.ReadAll(read)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
