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
)

// table reads a CSV file row by row. Its columns go by the names in its first
// line; its errors begin with the line that is wrong.
type table struct {
	in     *csv.Reader
	header []string
	row    []string // its strings are good until the next row is read
}

var errCut = errors.New("the packed file ends in the middle: is it a part of a larger one?")

func newTable(r io.Reader) (*table, error) {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	header, err := in.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("the file is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("line 1: %w", errCut)
	case err != nil:
		return nil, err // has the line number
	}
	header = slices.Clone(header)                       // the record is used again
	header[0] = strings.TrimPrefix(header[0], "\ufeff") // spreadsheets begin a file with it
	for i, name := range header {
		if slices.Contains(header[:i], name) {
			return nil, fmt.Errorf("line 1: column %s is there twice", name)
		}
	}
	return &table{in: in, header: header}, nil
}

// column is where a column is in a row; -1: missing.
func (t *table) column(name string) int { return slices.Index(t.header, name) }

// columns are where those columns are, all of which must be there.
func (t *table) columns(names ...string) ([]int, error) {
	at := make([]int, len(names))
	for i, name := range names {
		if at[i] = t.column(name); at[i] < 0 {
			return nil, fmt.Errorf("line 1: column %s is missing", name)
		}
	}
	return at, nil
}

// each calls read for every row after the header.
func (t *table) each(read func() error) error {
	for {
		row, err := t.in.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			line, _ := t.in.FieldPos(0)
			return fmt.Errorf("line %d: %w", line, errCut)
		case err != nil:
			return err
		}
		t.row = row
		if err := read(); err != nil {
			line, _ := t.in.FieldPos(0)
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}

// number is what is in a column: from 0 to most.
func (t *table) number(column int, most float64) (float64, error) {
	text := t.row[column]
	v, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || math.IsNaN(v):
		return 0, fmt.Errorf("%s %q is not a number", t.header[column], text)
	case v < 0:
		return 0, fmt.Errorf("%s %s is negative", t.header[column], text)
	case v > most:
		return 0, fmt.Errorf("%s %s is more than %.0f", t.header[column], text, most)
	}
	return v, nil
}

// text is what is in a column, which must not be empty. It may be kept.
func (t *table) text(column int) (string, error) {
	if t.row[column] == "" {
		return "", fmt.Errorf("%s is empty", t.header[column])
	}
	return strings.Clone(t.row[column]), nil
}
