// Package output keeps what a function writes: the first so many bytes of each
// invocation, with a count of the rest. It reads for ever, so that a function
// that prints without end neither blocks nor takes memory.
package output

import (
	"fmt"
	"strings"
	"sync"
)

// Log is the output of one invocation. It is safe for concurrent use.
type Log struct {
	limit int

	mu    sync.Mutex // guards kept and total
	kept  []byte
	total int64
}

// NewLog keeps the first limit bytes.
func NewLog(limit int) *Log { return &Log{limit: limit} }

// Write never fails.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total += int64(len(p))
	l.kept = append(l.kept, p[:min(len(p), l.limit-len(l.kept))]...)
	return len(p), nil
}

// Total is how many bytes were written, kept or not.
func (l *Log) Total() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// String is what was kept, as valid UTF-8, and says how much was not.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := strings.ToValidUTF8(string(l.kept), "\uFFFD")
	if dropped := l.total - int64(len(l.kept)); dropped > 0 {
		s += fmt.Sprintf("\n… %d bytes dropped\n", dropped)
	}
	return s
}

// LastLine is the end of what was written, which often is the reason for what came then.
func LastLine(log string) string {
	log = strings.TrimSpace(log)
	log = log[strings.LastIndexByte(log, '\n')+1:]
	return log[max(0, len(log)-512):]
}
