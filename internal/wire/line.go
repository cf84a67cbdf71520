// Package wire is how a node and the agent in a container's sandbox speak: Calls and
// Answers over one connected socket, each message behind its length. It does what gRPC
// would, but for what such a pair does not need; gRPC took a fifth of the CPU of a
// container's whole life, most of it as an agent starts.
package wire

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

const (
	// most is the largest message, in bytes: there is room for what goes along with the
	// largest event or result.
	most = 8 << 20
	// buffer is what is read at once. It stays for as long as the container lives, which
	// is idle mostly; what is larger goes past it.
	buffer = 4 << 10
	// head is what lies before a message: its length.
	head = 4
)

// line is one end.
type line struct {
	conn   net.Conn
	reader *bufio.Reader

	mu      sync.Mutex // guards the fields below
	queue   []byte     // is to be written
	writing bool       // somebody does
}

func newLine(conn net.Conn) *line {
	return &line{conn: conn, reader: bufio.NewReaderSize(conn, buffer)}
}

// send fails with RESOURCE_EXHAUSTED where a message is too large. Another goroutine that
// is writing writes it along, in as few calls as there can be. Whether the other side has
// it nobody is told: a line that has ended is found out by receive.
func (l *line) send(m proto.Message) error {
	size := proto.Size(m)
	if size > most {
		return status.Errorf(codes.ResourceExhausted, "a message of %d bytes is larger than the limit of %d MiB", size, most>>20)
	}
	b := binary.BigEndian.AppendUint32(make([]byte, 0, head+size), uint32(size))
	b, err := proto.MarshalOptions{UseCachedSize: true}.MarshalAppend(b, m)
	if err != nil {
		return status.Errorf(codes.Internal, "encode message: %v", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.queue = append(l.queue, b...); l.writing {
		return nil
	}
	l.writing = true
	for len(l.queue) > 0 && err == nil {
		l.mu.Unlock()
		runtime.Gosched() // who is about to send something does so first
		l.mu.Lock()
		batch := l.queue
		l.queue = nil
		l.mu.Unlock()
		_, err = l.conn.Write(batch)
		l.mu.Lock()
	}
	l.writing = err != nil // for ever: what else comes goes nowhere
	return nil
}

// receive has one reader at a time.
func (l *line) receive(m proto.Message) error {
	var length [head]byte
	if _, err := io.ReadFull(l.reader, length[:]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(length[:])
	if size > most {
		return fmt.Errorf("receive message: %d bytes are too many", size)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(l.reader, b); err != nil {
		return fmt.Errorf("receive message: %w", err)
	}
	return proto.Unmarshal(b, m)
}
