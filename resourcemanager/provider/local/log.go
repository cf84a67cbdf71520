package local

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

const (
	// maxLog is the size at which a node's log is cut to nothing, in bytes.
	maxLog = 16 << 20
	// tailBytes is how much of a log is quoted when its node has died.
	tailBytes = 2 << 10
)

// createLog opens the log for a new life of a node. What the life before has
// written stays beside it, as .old. Appending is what makes trimLog work.
func createLog(path string) (*os.File, error) {
	if err := os.Rename(path, path+".old"); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("keep old log of node: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("make log of node: %w", err)
	}
	return f, nil
}

// trimLog empties a log that has grown too large; its writer goes on at the start.
func trimLog(path string) {
	if st, err := os.Stat(path); err == nil && st.Size() > maxLog {
		_ = os.Truncate(path, 0)
	}
}

// logTail returns the last lines of a log, without a half one in front; "" when there are none.
func logTail(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return ""
	}
	from := max(st.Size()-tailBytes, 0)
	tail, err := io.ReadAll(io.NewSectionReader(f, from, tailBytes))
	if err != nil {
		return ""
	}
	if from > 0 {
		if _, whole, ok := bytes.Cut(tail, []byte("\n")); ok {
			tail = whole
		}
	}
	return string(bytes.TrimSpace(tail))
}
