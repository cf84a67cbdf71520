// Package progress shows how far something is that takes long: a bar on a
// terminal, a line now and then elsewhere.
package progress

import (
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// What ends sooner than patience is not worth a display.
const (
	patience  = 2 * time.Second
	barEvery  = 200 * time.Millisecond
	lineEvery = 10 * time.Second
)

// Display shows one thing. It is not safe for concurrent use.
type Display struct {
	out   *os.File
	what  string // for example "sim: contest, baseline"
	unit  string // what is counted, in the plural
	lines bool
	bar   *progressbar.ProgressBar // nil until it is shown
	next  time.Time
}

// New makes a display that nothing is shown of yet.
func New(out *os.File, what, unit string) *Display {
	return &Display{out: out, what: what, unit: unit, lines: !isTerminal(out), next: time.Now().Add(patience)}
}

// Show says that so many of all are done; a note may be empty. It may be called
// as often as one likes.
func (d *Display) Show(done, total int, note string) {
	now := time.Now()
	if now.Before(d.next) {
		return
	}
	if d.lines {
		d.next = now.Add(lineEvery)
		if note != "" {
			note = ", " + note
		}
		fmt.Fprintf(d.out, "%s: %d of %d %s%s\n", d.what, done, total, d.unit, note)
		return
	}
	d.next = now.Add(barEvery)
	if d.bar == nil {
		d.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(d.out),
			progressbar.OptionSetWidth(30),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(note == ""),
		)
	}
	description := d.what
	if note != "" {
		description += ", " + note
	}
	d.bar.Describe(description)
	_ = d.bar.Set(done) // the screen is all that can fail
}

// End leaves the line to whoever writes next.
func (d *Display) End() {
	if d.bar != nil {
		_ = d.bar.Clear()
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
