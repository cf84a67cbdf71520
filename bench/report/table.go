package report

import (
	"io"
	"strings"
	"unicode/utf8"
)

// table is text in columns: the first to the left, all others to the right.
type table struct {
	// groups are headings over several columns; nil for none.
	groups []group
	rows   [][]string
}

// group is a heading over the next columns.
type group struct {
	heading string
	columns int
}

const gap = "  "

// add adds a row, in whose cells there may be names of others.
func (t *table) add(cells ...string) {
	for i := range cells {
		cells[i] = VisibleLine(cells[i])
	}
	t.rows = append(t.rows, cells)
}

func (t *table) write(w io.Writer) error {
	widths := t.widths()
	var b strings.Builder
	line := func(cells []string, widths []int) {
		var l strings.Builder
		for i, cell := range cells {
			fill := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			switch i {
			case 0:
				l.WriteString(cell + fill)
			default:
				l.WriteString(gap + fill + cell)
			}
		}
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	if t.groups != nil {
		var headings []string
		var spans []int
		at := 0
		for _, g := range t.groups {
			headings = append(headings, g.heading)
			spans = append(spans, span(widths[at:at+g.columns]))
			at += g.columns
		}
		line(headings, spans)
	}
	for _, row := range t.rows {
		line(row, widths)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// widths fits every column to its cells, and the last of a group to the heading.
func (t *table) widths() []int {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	at := 0
	for _, g := range t.groups {
		columns := widths[at : at+g.columns]
		if short := utf8.RuneCountInString(g.heading) - span(columns); short > 0 {
			columns[g.columns-1] += short
		}
		at += g.columns
	}
	return widths
}

// span is the width of neighbouring columns together.
func span(widths []int) int {
	sum := len(gap) * (len(widths) - 1)
	for _, w := range widths {
		sum += w
	}
	return sum
}
