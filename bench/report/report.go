// Package report shows what was measured, as text for people or as JSON for
// programs.
//
// The keys of the JSON are a promise: they keep their names, meanings and
// units, and new ones may come. Units are in the keys. Latencies of no calls
// are 0; node figures and scores that are not known are null.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Format is how a report is written.
type Format string

// Formats.
const (
	Table Format = "table"
	JSON  Format = "json"
)

func writeJSON(w io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if _, err := io.WriteString(w, visibleJSON(text)+"\n"); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// page collects text and remembers the first error.
type page struct {
	w   io.Writer
	err error
}

// printf writes text, in which there may be names and messages of others.
func (p *page) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, Visible(fmt.Sprintf(format, args...)))
	}
}

func (p *page) table(t *table) {
	if p.err == nil {
		p.err = t.write(p.w)
	}
}

func (p *page) notes(notes []string) {
	for _, n := range notes {
		p.printf("note: %s\n", VisibleLine(n))
	}
}

func (p *page) done() error {
	if p.err != nil {
		return fmt.Errorf("write report: %w", p.err)
	}
	return nil
}

// kinds lists failures by kind, the most frequent first.
func kinds(failures map[string]int) string {
	names := slices.SortedFunc(maps.Keys(failures), func(a, b string) int {
		if d := failures[b] - failures[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %s", count(failures[name]), name)
	}
	return strings.Join(names, ", ")
}
