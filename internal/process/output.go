package process

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// longestLine is where a line without an end is cut.
const longestLine = 64 << 10

// output merges what services write into one stream, line by line.
type output struct {
	mu sync.Mutex // guards w
	w  io.Writer
}

// stream returns a file for a service to write to. Its lines appear with the
// service's name in front. The file must be closed once the service has been
// started; drain ends the copying after the service's death.
func (o *output) stream(name string) (w *os.File, drain func(), err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("make output pipe: %w", err)
	}
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		defer func() { _ = r.Close() }()
		o.copy(name, r)
	}()
	drain = func() {
		// What is in the pipe is read at once; a descendant of the service
		// that still holds the other end must not keep us.
		_ = r.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		<-copied
	}
	return w, drain, nil
}

func (o *output) copy(name string, r io.Reader) {
	lines := bufio.NewReaderSize(r, longestLine)
	for {
		line, err := lines.ReadSlice('\n')
		if len(line) > 0 {
			o.write(name, line)
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

func (o *output) write(name string, line []byte) {
	out := make([]byte, 0, len(name)+len(" | ")+len(line)+1)
	out = append(out, name...)
	out = append(out, " | "...)
	out = append(out, line...)
	if out[len(out)-1] != '\n' {
		out = append(out, '\n')
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	_, _ = o.w.Write(out) // a terminal that is gone is no reason to stop a service
}
