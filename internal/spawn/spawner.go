package spawn

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrClosed: the Spawner starts nothing any more.
var ErrClosed = errors.New("spawner closed")

// Spawner starts processes. It is safe for concurrent use.
type Spawner struct {
	path  string
	apart bool

	mu     sync.Mutex // guards the fields below
	line   *line      // to the helper; nil or dead: there is none
	closed bool
}

// New makes a Spawner whose helper is the program at path, which is started with Argument
// and its socket as descriptor 3 when it is needed first, and again whenever it has ended.
func New(path string) *Spawner { return &Spawner{path: path} }

// NewApart makes one whose helper is the first of a pid namespace of its own: what it starts
// sees nothing else of the host's processes, and all of it ends with the helper. It takes root.
func NewApart(path string) *Spawner { return &Spawner{path: path, apart: true} }

// Start starts the process. A helper that is found dead is replaced, once.
func (s *Spawner) Start(c Command) (*Process, error) {
	for again := true; ; again = false {
		l, err := s.get()
		if err != nil {
			return nil, err
		}
		p, err := l.start(c)
		if err == errEnded {
			<-l.dead
			if err = fmt.Errorf("%w: %s", err, l.last); again {
				continue
			}
		}
		if err != nil {
			return nil, fmt.Errorf("start %s: %w", c.Path, err)
		}
		return p, nil
	}
}

// closing is how long a helper may take to end by itself.
const closing = 2 * time.Second

// Close ends the helper, which kills every process that is left, and returns when it has ended.
func (s *Spawner) Close() {
	s.mu.Lock()
	l := s.line
	s.closed = true
	s.mu.Unlock()
	if l == nil {
		return
	}
	_ = l.conn.CloseWrite()
	patience := time.AfterFunc(closing, l.kill)
	defer patience.Stop()
	<-l.dead
}

func (s *Spawner) get() (*line, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if s.line != nil {
		select {
		case <-s.line.dead:
		default:
			return s.line, nil
		}
	}
	l, err := open(s.path, s.apart)
	if err != nil {
		return nil, fmt.Errorf("start helper: %w", err)
	}
	s.line = l
	return l, nil
}
