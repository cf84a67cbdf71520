package journal

import (
	"errors"
	"fmt"
	"os"

	"github.com/minifaas/minifaas/scheduler/engine"
)

// Step is one step of a replay.
type Step struct {
	// File and Offset say where its record begins.
	File   string
	Offset int64
	// Header is that of the segment.
	Header  *Header
	Now     engine.Instant
	Event   *engine.Event
	Actions []engine.Action // valid until the next step
	// Engine is in the state after the step. It is for reading.
	Engine *engine.Engine
}

// DifferenceError says that an engine acted otherwise than it did when the journal was written.
type DifferenceError struct {
	Step Step
}

func (e *DifferenceError) Error() string {
	return fmt.Sprintf("%s at %d: event %d at instant %d gives other actions than recorded; now: %+v",
		e.Step.File, e.Step.Offset, e.Step.Event.Kind, e.Step.Now, e.Step.Actions)
}

// Replay plays every segment of the journal through an engine of its own,
// oldest first, with a policy that newPolicy makes to what the segment's header says
// of it, and calls fn, which may be nil, after each step. It ends with
// the first error of fn, the first *DifferenceError, or the first fault in the
// files. What a crash left incomplete at the end of a segment is passed over.
func Replay(dir string, newPolicy func(*Header) (engine.Policy, error), fn func(Step) error) error {
	files, err := segments(dir)
	if err != nil {
		return fmt.Errorf("replay journal: %w", err)
	}
	for _, file := range files {
		if err := replaySegment(file, newPolicy, fn); err != nil {
			return fmt.Errorf("replay journal: %w", err)
		}
	}
	return nil
}

func replaySegment(file string, newPolicy func(*Header) (engine.Policy, error), fn func(Step) error) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	r := reader{file: file, data: data, size: len(data)}
	header, snapshot := r.frame(), r.frame()
	if r.err != nil || snapshot == nil {
		return r.err
	}
	h, err := decodeHeader(header)
	if err != nil {
		return fmt.Errorf("%s: read header: %w", file, err)
	}
	p, err := newPolicy(&h)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	e, err := engine.Restore(h.Config, p, snapshot)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	var actions []engine.Action
	for {
		offset := r.offset()
		payload := r.frame()
		if payload == nil {
			return r.err
		}
		var s step
		c := engine.NewDecoder(payload)
		s.code(c)
		if err := c.Err(); err != nil {
			return fmt.Errorf("%s at %d: read step: %w", file, offset, err)
		}
		actions = e.Step(s.now, &s.event, actions[:0])
		st := Step{File: file, Offset: offset, Header: &h, Now: s.now, Event: &s.event, Actions: actions, Engine: e}
		if e.Hash() != s.hash {
			return &DifferenceError{st}
		}
		if fn != nil {
			if err := fn(st); err != nil {
				return err
			}
		}
	}
}

type reader struct {
	file string
	data []byte
	size int
	err  error
}

func (r *reader) offset() int64 { return int64(r.size - len(r.data)) }

// frame returns nil at the end, be it torn, and at a fault.
func (r *reader) frame() []byte {
	if r.err != nil || len(r.data) == 0 {
		return nil
	}
	payload, rest, err := nextFrame(r.data)
	if errors.Is(err, errTorn) {
		r.data = nil
		return nil
	}
	if err != nil {
		r.err = fmt.Errorf("%s at %d: %w", r.file, r.offset(), err)
		return nil
	}
	r.data = rest
	return payload
}
