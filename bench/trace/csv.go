package trace

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/minifaas/minifaas/internal/function"
)

// columns of an event CSV. The last one may be missing.
var columns = []string{"offset_ms", "function", "duration_ms", "memory_mb", "kind"}

const required = 4

// ReadCSV reads an event CSV to its end. It keeps the calls in memory, 40 bytes
// each. With a length above 0 it drops what comes later than that after the first call.
func ReadCSV(r io.Reader, name string, length time.Duration) (*Workload, error) {
	t, err := newTable(r)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	e := eventReader{table: t, index: make(map[string]int)}
	if err := e.readHeader(); err != nil {
		return nil, fmt.Errorf("read events: line 1: %w", err)
	}
	if err := t.each(e.readRow); err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	if len(e.calls) == 0 {
		return nil, errors.New("read events: there is no event after the header")
	}
	w := e.workload(name, length)
	if e.noKind > 0 {
		w.Notes = slices.Insert(w.Notes, 0, fmt.Sprintf("%d of %d events have no kind: they sleep for their duration", e.noKind, e.rows))
	}
	return w, nil
}

// eventReader makes events of the rows of an event CSV.
type eventReader struct {
	*table
	events
	at           [5]int // where each of columns is in a row; -1: missing
	index        map[string]int
	rows, noKind int
}

func (e *eventReader) readHeader() error {
	for _, name := range e.header {
		if !slices.Contains(columns, name) {
			return fmt.Errorf("unknown column %.60q: want %s[,%s]", name, strings.Join(columns[:required], ","), columns[required])
		}
	}
	for i, name := range columns {
		if e.at[i] = e.column(name); e.at[i] < 0 && i < required {
			return fmt.Errorf("column %s is missing", name)
		}
	}
	return nil
}

func (e *eventReader) readRow() error {
	e.rows++
	offset, err := e.number(e.at[0], maxLength.Seconds()*1000)
	if err != nil {
		return err
	}
	duration, err := e.number(e.at[2], maxLength.Seconds()*1000)
	if err != nil {
		return err
	}
	memory, err := e.number(e.at[3], maxMemoryMB)
	if err != nil {
		return err
	}
	if e.row[e.at[1]] == "" {
		return errors.New("function is empty")
	}
	kind, err := e.kind()
	if err != nil {
		return err
	}
	call := Call{Offset: milliseconds(offset), Function: e.function(e.row[e.at[1]], kind)}
	if n := len(e.calls); n > 0 && call.Offset < e.calls[n-1].Offset {
		return fmt.Errorf("offset_ms %v comes after %v: events must be in order of time",
			offset, e.calls[n-1].Offset.Seconds()*1000)
	}
	work := milliseconds(duration)
	switch kind {
	case Tiny, CPU:
		call.CPU = work
	case Memory:
		call.Sleep, call.Touch = work, int64(memory*MiB)
	case Sleep:
		call.Sleep = work
	}
	e.add(call, int64(memory*MiB))
	return nil
}

func (e *eventReader) kind() (Kind, error) {
	at := e.at[required]
	if at < 0 || e.row[at] == "" {
		e.noKind++
		return Sleep, nil
	}
	kind := Kind(e.row[at])
	if i := slices.Index(kinds, kind); i >= 0 {
		return kinds[i], nil // not the row's memory, which is used again
	}
	return "", fmt.Errorf("kind %q: want one of %q", kind, kinds)
}

func (e *eventReader) function(name string, kind Kind) int {
	if i, ok := e.index[name]; ok {
		return i
	}
	name = strings.Clone(name) // the row's memory is used again
	i := e.declare(Function{Name: name, Kind: kind, Runtime: function.Native})
	e.index[name] = i
	return i
}
