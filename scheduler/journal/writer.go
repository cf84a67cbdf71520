package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/minifaas/minifaas/scheduler/engine"
)

const (
	// A journal is cut into so many segments, so that deleting the oldest loses little.
	segmentsPerJournal = 8
	// mostPending bytes wait for a slow disk; then the segment is given up.
	mostPending = 16 << 20
	// retryAfter a failure a new segment is begun, at the cost of a snapshot.
	retryAfter = time.Second
	// A buffer that has grown beyond largestSpare is not used again.
	largestSpare = 1 << 20
)

// Writer keeps a journal. Its Step replaces the engine's and is called under
// the same lock; the disk is written by a goroutine of its own, so that Step
// does not wait for it, but for the encoding (and a snapshot whenever a segment
// begins). A failure of the disk costs the segment, never the step: see Err.
// All methods of a nil Writer do without a journal.
type Writer struct {
	dir          string
	maxBytes     int64
	segmentBytes int
	header       []byte // a frame

	// Used by Step only.
	payload []byte
	size    int // of the segment; 0 before the first
	retry   time.Time

	wake chan struct{}
	done chan struct{}

	mu sync.Mutex // guards what follows
	// pending is what the goroutine is to write, spare the buffers it gave back.
	pending, spare []block
	bytes          int
	broken         bool // the current segment has a gap
	closed         bool
	err            error // the last one
}

// block is consecutive bytes of one segment.
type block struct {
	begins bool // a new segment
	data   []byte
}

// Open continues the journal in dir with a new segment, and makes dir if need
// be. maxBytes bounds all segments together, but for a segment that is being written.
func Open(dir string, maxBytes int64, h Header) (*Writer, error) {
	if maxBytes <= 0 {
		return nil, fmt.Errorf("open journal: size must be positive, is %d", maxBytes)
	}
	header, err := encodeHeader(h)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	files, err := segments(dir)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	next := uint64(1)
	if len(files) > 0 {
		last, _ := segmentNumber(files[len(files)-1])
		next = last + 1
	}
	w := &Writer{
		dir: dir, maxBytes: maxBytes, segmentBytes: int(max(1, maxBytes/segmentsPerJournal)), header: appendFrame(nil, header),
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	go w.write(next)
	return w, nil
}

// Step is e.Step, recorded.
func (w *Writer) Step(e *engine.Engine, now engine.Instant, ev *engine.Event, out []engine.Action) []engine.Action {
	if w == nil {
		return e.Step(now, ev, out)
	}
	recording := w.begin(e)
	out = e.Step(now, ev, out)
	if recording {
		s := step{now: now, hash: e.Hash(), event: *ev}
		c := engine.NewEncoder(w.payload[:0])
		s.code(c)
		w.payload = c.Bytes()
		w.push(false, nil, w.payload)
	}
	return out
}

// begin begins a segment if one is due, and says whether there is one.
func (w *Writer) begin(e *engine.Engine) bool {
	w.mu.Lock()
	broken, full := w.broken, w.bytes > mostPending
	w.mu.Unlock()
	if w.size > 0 && w.size < w.segmentBytes && !broken {
		return true
	}
	if broken {
		t := time.Now()
		if full || t.Before(w.retry) {
			return false
		}
		w.retry = t.Add(retryAfter)
	}
	snapshot, err := e.Snapshot()
	if err != nil {
		w.fail(fmt.Errorf("write journal: %w", err))
		return false
	}
	w.size = 0
	w.push(true, w.header, snapshot)
	return true
}

// push hands bytes to the goroutine.
func (w *Writer) push(begins bool, raw, payload []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	if begins {
		w.broken = false
	} else if w.bytes > mostPending {
		w.err, w.broken = errors.New("write journal: the disk is too slow"), true
		return
	}
	if begins || len(w.pending) == 0 {
		b := block{begins: begins}
		if n := len(w.spare); n > 0 {
			b.data = w.spare[n-1].data[:0]
			w.spare = w.spare[:n-1]
		}
		w.pending = append(w.pending, b)
	}
	b := &w.pending[len(w.pending)-1]
	before := len(b.data)
	b.data = appendFrame(append(b.data, raw...), payload)
	w.size += len(b.data) - before
	w.bytes += len(b.data) - before
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *Writer) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err, w.broken = err, true
}

// Err is the last failure, nil if there was none. It is safe for concurrent use.
func (w *Writer) Err() error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Close writes what is pending and returns Err. Step may go on, unrecorded.
func (w *Writer) Close() error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	closed := w.closed
	w.closed = true
	w.mu.Unlock()
	if !closed {
		close(w.wake)
	}
	<-w.done
	return w.Err()
}

// write is the goroutine.
func (w *Writer) write(next uint64) {
	defer close(w.done)
	d := disk{dir: w.dir, maxBytes: w.maxBytes, next: next}
	for open := true; open; {
		_, open = <-w.wake
		w.mu.Lock()
		blocks := w.pending
		w.pending, w.bytes = nil, 0
		w.mu.Unlock()
		for _, b := range blocks {
			if err := d.write(b); err != nil {
				w.fail(fmt.Errorf("write journal: %w", err))
			}
		}
		w.mu.Lock()
		for _, b := range blocks {
			if len(w.spare) < 2 && cap(b.data) <= largestSpare {
				w.spare = append(w.spare, b)
			}
		}
		w.mu.Unlock()
	}
	if err := d.close(); err != nil {
		w.fail(fmt.Errorf("close journal: %w", err))
	}
}

// disk is the segment that is being written.
type disk struct {
	dir      string
	maxBytes int64
	next     uint64
	file     *os.File // nil after a failure, until the next segment begins
}

func (d *disk) write(b block) error {
	if b.begins {
		if err := d.begin(); err != nil {
			return err
		}
	}
	if d.file == nil {
		return nil
	}
	if _, err := d.file.Write(b.data); err != nil {
		return errors.Join(err, d.close())
	}
	return nil
}

func (d *disk) begin() error {
	if err := errors.Join(d.close(), d.makeRoom()); err != nil {
		return err
	}
	name := filepath.Join(d.dir, segmentName(d.next))
	d.next++
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	d.file = f
	return nil
}

func (d *disk) close() error {
	if d.file == nil {
		return nil
	}
	f := d.file
	d.file = nil
	return f.Close()
}

// makeRoom deletes the oldest segments until another one has room.
func (d *disk) makeRoom() error {
	files, err := segments(d.dir)
	if err != nil {
		return err
	}
	total := d.maxBytes / segmentsPerJournal
	for i := len(files) - 1; i >= 0; i-- {
		info, err := os.Stat(files[i])
		if err != nil {
			return err
		}
		if total += info.Size(); total > d.maxBytes {
			if err := os.Remove(files[i]); err != nil {
				return err
			}
		}
	}
	return nil
}
