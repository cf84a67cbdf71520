package linux

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// tailBytes is what is kept of what an agent says before it dies.
const tailBytes = 4096

// tail reads a stream to its end, so that its writer never blocks, and keeps the last bytes.
type tail struct {
	read *os.File
	done chan struct{}

	mu   sync.Mutex // guards kept
	kept []byte
}

// newTail returns a tail and the file to write to, which the caller closes.
func newTail() (*tail, *os.File, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("make log pipe: %w", err)
	}
	t := &tail{read: read, done: make(chan struct{})}
	go t.run()
	return t, write, nil
}

func (t *tail) run() {
	defer close(t.done)
	defer t.read.Close()
	chunk := make([]byte, tailBytes)
	for {
		n, err := t.read.Read(chunk)
		t.mu.Lock()
		t.kept = append(t.kept, chunk[:n]...)
		t.kept = t.kept[max(0, len(t.kept)-tailBytes):]
		t.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// lingering is how long the rest is waited for once the writer is dead: a process
// that it has left behind may keep the pipe open.
const lingering = 100 * time.Millisecond

// close reads to the end, or not much longer, and ends the reader.
func (t *tail) close() {
	_ = t.read.SetReadDeadline(time.Now().Add(lingering))
	<-t.done
}

// String is what was kept, without blanks at the ends.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.kept))
}
