// Package wire is how a node and the agent in a container's sandbox speak: Calls and
// Answers over one connected socket. It does what gRPC would, but for what such a pair does
// not need; gRPC took a fifth of the CPU of a container's whole life, most of it as an agent
// starts.
//
// A message goes as one frame: its length, 4 bytes in network order, and then itself. A large
// one goes in several, one such message at a time in each direction, and small ones go between
// its parts: none waits for all of it.
package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"

	"github.com/minifaas/minifaas/internal/nonblocking"
)

const (
	// most is the largest message, in bytes: there is room for what goes along with the
	// largest event or result.
	most = 8 << 20
	// mostFrame is the largest frame without its head, in bytes.
	mostFrame = 64 << 10
	// mostQueued bytes wait to be written at most, but for what comes last.
	mostQueued = 1 << 20
	// buffer is what is read at once. It stays for as long as the container lives, which
	// is idle mostly; what is larger goes past it.
	buffer = 4 << 10
	// mostIdle goroutines wait for something to do.
	mostIdle = 16
	// head is what lies before a frame: its length, and whether it is a part of a large
	// message, and the last one.
	head     = 4
	part     = 1 << 31
	lastPart = 1 << 30
)

// line is one end.
type line struct {
	conn   net.Conn
	reader *bufio.Reader
	large  []byte // what has been received of the large message

	turn sync.Mutex // held by the one large message that is being sent

	mu      sync.Mutex // guards the fields below
	changed sync.Cond  // they have
	queue   []byte     // is to be written
	writing bool       // somebody does
	waits   bool       // a part does, until nobody writes
	broken  error      // nothing can be written any more; nil: it can
}

func newLine(conn net.Conn) *line {
	conn = nonblocking.NewConn(conn)
	l := &line{conn: conn, reader: bufio.NewReaderSize(conn, buffer)}
	l.changed.L = &l.mu
	return l
}

// send fails with RESOURCE_EXHAUSTED where a message is too large, and with UNAVAILABLE where the
// line has ended. A message that is not wanted any more when its turn comes is left out. Whether
// the other side has it nobody is told.
func (l *line) send(m message, wanted func() bool) error {
	size := sizeOf(m)
	if size > most {
		return Errorf(ResourceExhausted, "a message of %d bytes is larger than the limit of %d MiB", size, most>>20)
	}
	if size > mostFrame {
		l.turn.Lock()
		defer l.turn.Unlock()
	} else {
		l.awaitRoom()
	}
	if !wanted() {
		return nil
	}
	b := appendTo(make([]byte, head, head+size), m)
	if size <= mostFrame {
		binary.BigEndian.PutUint32(b, uint32(size))
		return l.put(b, false)
	}
	for flags := uint32(part); flags&lastPart == 0; {
		n := min(len(b)-head, mostFrame)
		if head+n == len(b) {
			flags |= lastPart
		}
		// Its head takes the place of the end of the part before.
		binary.BigEndian.PutUint32(b, uint32(n)|flags)
		if err := l.put(b[:head+n], true); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// awaitRoom returns when little is to be written.
func (l *line) awaitRoom() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) > mostQueued && l.broken == nil {
		l.changed.Wait()
	}
}

// put writes a frame, in as few calls as there can be: whoever writes already takes it
// along, unless it is a part, which is written when put returns.
func (l *line) put(frame []byte, isPart bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for isPart && l.writing {
		l.waits = true
		l.changed.Wait()
	}
	if isPart {
		l.waits = false
	}
	if l.broken != nil {
		return l.broken
	}
	if l.queue = append(l.queue, frame...); l.writing {
		return nil
	}
	l.writing = true
	for len(l.queue) > 0 && !l.waits {
		if !isPart {
			l.mu.Unlock()
			runtime.Gosched() // who is about to send something does so first
			l.mu.Lock()
		}
		batch := l.queue
		l.queue = nil
		l.mu.Unlock()
		_, err := l.conn.Write(batch)
		l.mu.Lock()
		if err != nil {
			l.broken = Errorf(Unavailable, "write: %v", err)
			l.queue = nil
			l.conn.Close() // which receive sees
		}
		l.changed.Broadcast()
	}
	l.writing = false
	l.changed.Broadcast()
	return l.broken
}

// receive has one reader at a time.
func (l *line) receive(m message) error {
	for {
		var about [head]byte
		if _, err := io.ReadFull(l.reader, about[:]); err != nil {
			return err
		}
		flags := binary.BigEndian.Uint32(about[:])
		size := int(flags &^ (part | lastPart))
		if size > mostFrame {
			return fmt.Errorf("receive message: a frame of %d bytes is too large", size)
		}
		if flags&part == 0 {
			return l.read(m, nil, size)
		}
		if len(l.large)+size > most {
			return errors.New("receive message: it is too large")
		}
		if flags&lastPart != 0 {
			begun := l.large
			l.large = nil
			return l.read(m, begun, size)
		}
		begun := len(l.large)
		l.large = append(l.large, make([]byte, size)...)
		if _, err := io.ReadFull(l.reader, l.large[begun:]); err != nil {
			return fmt.Errorf("receive message: %w", err)
		}
	}
}

// read decodes a message of which so many bytes are missing.
func (l *line) read(m message, begun []byte, size int) error {
	at := len(begun)
	begun = append(begun, make([]byte, size)...)
	if _, err := io.ReadFull(l.reader, begun[at:]); err != nil {
		return fmt.Errorf("receive message: %w", err)
	}
	if err := parse(begun, m); err != nil {
		return fmt.Errorf("receive message: %w", err)
	}
	return nil
}
