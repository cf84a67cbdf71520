package trace

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minifaas/minifaas/internal/function"
)

// columns of an event CSV. The last one may be missing.
var columns = []string{"offset_ms", "function", "duration_ms", "memory_mb", "kind"}

const required = 4

// ReadCSV reads an event CSV to its end. It keeps the calls in memory, 48 bytes
// each. With a length above 0 it drops what comes later than that after the first call.
func ReadCSV(r io.Reader, name string, length time.Duration) (*Workload, error) {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("read events: the file is empty")
	}
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	e := events{index: make(map[string]int)}
	if err := e.readHeader(header); err != nil {
		return nil, fmt.Errorf("read events: line 1: %w", err)
	}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read events: %w", err) // has the line number
		}
		if err := e.readRow(row); err != nil {
			line, _ := in.FieldPos(0)
			return nil, fmt.Errorf("read events: line %d: %w", line, err)
		}
	}
	if len(e.calls) == 0 {
		return nil, errors.New("read events: there is no event after the header")
	}
	return e.workload(name, length), nil
}

// events is an event CSV on its way to a workload.
type events struct {
	column    [5]int // where each of columns is in a row; -1: missing
	index     map[string]int
	functions []Function
	longest   []time.Duration // duration of each function
	calls     []Call
	noKind    int
}

func (e *events) readHeader(header []string) error {
	for i := range e.column {
		e.column[i] = -1
	}
	for at, name := range header {
		if at == 0 {
			name = strings.TrimPrefix(name, "\ufeff") // spreadsheets begin a file with it
		}
		i := slices.Index(columns, name)
		if i < 0 {
			return fmt.Errorf("unknown column %q: want %s[,%s]", name, strings.Join(columns[:required], ","), columns[required])
		}
		if e.column[i] >= 0 {
			return fmt.Errorf("column %s is there twice", name)
		}
		e.column[i] = at
	}
	for i, name := range columns[:required] {
		if e.column[i] < 0 {
			return fmt.Errorf("column %s is missing", name)
		}
	}
	return nil
}

func (e *events) readRow(row []string) error {
	offset, err := e.number(row, 0, maxLength.Seconds()*1000)
	if err != nil {
		return err
	}
	duration, err := e.number(row, 2, maxLength.Seconds()*1000)
	if err != nil {
		return err
	}
	memory, err := e.number(row, 3, maxMemoryMB)
	if err != nil {
		return err
	}
	name := row[e.column[1]]
	if name == "" {
		return errors.New("function is empty")
	}
	kind := Sleep
	if at := e.column[required]; at >= 0 && row[at] != "" {
		kind = Kind(row[at])
		if !slices.Contains(kinds, kind) {
			return fmt.Errorf("kind %q: want one of %q", row[at], kinds)
		}
	} else {
		e.noKind++
	}

	call := Call{Offset: milliseconds(offset), Function: e.function(name, kind)}
	if n := len(e.calls); n > 0 && call.Offset < e.calls[n-1].Offset {
		return fmt.Errorf("offset_ms %v comes after %v: events must be in order of time",
			offset, e.calls[n-1].Offset.Seconds()*1000)
	}
	work := milliseconds(duration)
	f := &e.functions[call.Function]
	f.Memory = max(f.Memory, int64(memory*MiB))
	e.longest[call.Function] = max(e.longest[call.Function], work)
	switch kind {
	case Tiny, CPU:
		call.CPU = work
	case Memory:
		call.Sleep, call.Touch = work, int64(memory*MiB)
	case Sleep:
		call.Sleep = work
	}
	e.calls = append(e.calls, call)
	return nil
}

// number reads a column that holds a number from 0 to most.
func (e *events) number(row []string, column int, most float64) (float64, error) {
	text := row[e.column[column]]
	v, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || math.IsNaN(v):
		return 0, fmt.Errorf("%s %q is not a number", columns[column], text)
	case v < 0:
		return 0, fmt.Errorf("%s %s is negative", columns[column], text)
	case v > most:
		return 0, fmt.Errorf("%s %s is more than %.0f", columns[column], text, most)
	}
	return v, nil
}

func (e *events) function(name string, kind Kind) int {
	if i, ok := e.index[name]; ok {
		return i
	}
	i := len(e.functions)
	name = strings.Clone(name) // the row's memory is used again
	e.index[name] = i
	e.functions = append(e.functions, Function{Name: name, Kind: kind, Runtime: function.Native})
	e.longest = append(e.longest, 0)
	return i
}
