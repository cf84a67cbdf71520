package main

import (
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// simProgress shows how far a simulation is, if it takes long enough to be worth
// it: a bar on a terminal, lines elsewhere.
type simProgress struct {
	out   *os.File
	what  string
	bar   *progressbar.ProgressBar // nil until it is shown
	next  time.Time
	lines bool
}

const (
	simPatience  = 2 * time.Second
	simBarEvery  = 200 * time.Millisecond
	simLineEvery = 10 * time.Second
)

func newSimProgress(out *os.File, what string) *simProgress {
	p := &simProgress{out: out, what: what, next: time.Now().Add(simPatience)}
	info, err := out.Stat()
	p.lines = err != nil || info.Mode()&os.ModeCharDevice == 0
	return p
}

func (p *simProgress) show(done, total int) {
	now := time.Now()
	switch {
	case now.Before(p.next):
	case p.lines:
		p.next = now.Add(simLineEvery)
		fmt.Fprintf(p.out, "sim: %s: %d of %d calls\n", p.what, done, total)
	default:
		p.next = now.Add(simBarEvery)
		if p.bar == nil {
			p.bar = progressbar.NewOptions(total,
				progressbar.OptionSetWriter(p.out),
				progressbar.OptionSetWidth(30),
				progressbar.OptionShowCount(),
				progressbar.OptionSetDescription(p.what),
			)
		}
		_ = p.bar.Set(done) // the screen is all that can fail
	}
}

// end leaves the line to whoever writes next.
func (p *simProgress) end() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
