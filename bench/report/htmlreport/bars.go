package htmlreport

import (
	"math"

	"github.com/minifaas/minifaas/bench/report/plot"
)

// bar is a figure of an entrant, in parts.
type bar struct {
	entrant  *entrant
	segments []segment
	// half is the half width of the interval; 0 or NaN for none.
	half float64
	// end is written behind the bar, warning behind that.
	end, warning string
}

type segment struct {
	class, title string
	value        float64
}

func (b bar) total() float64 {
	sum := 0.0
	for _, s := range b.segments {
		sum += s.value
	}
	return sum
}

const (
	barsWidth = 620.0
	barsRoom  = 400.0 // the rest is for what is written behind
	barPitch  = 50.0
	barTop    = 22.0 // of a bar, under its name
	barHeight = 17.0
)

// drawBars draws bars under each other. Those longer than longest, if that is
// not 0, are cut and end in an arrow. A line marks the value at mark, if not 0.
func drawBars(bars []bar, longest, mark float64, markName string) *plot.Picture {
	most := mark
	for _, b := range bars {
		most = max(most, b.total())
		if b.half > 0 {
			most = max(most, b.total()+b.half)
		}
	}
	if longest > 0 {
		most = min(most, longest)
	}
	if most == 0 {
		most = 1
	}
	x := plot.Scale{High: most, To: barsRoom}
	height := barPitch * float64(len(bars))
	if mark > 0 {
		height += 20
	}
	p := plot.New(barsWidth, height)
	for i, b := range bars {
		drawBar(p, b, x, barPitch*float64(i))
	}
	if mark > 0 {
		p.Line("mark", x.At(mark), 4, x.At(mark), height-16)
		p.Text("x", x.At(mark), height-3, markName)
	}
	return p
}

func drawBar(p *plot.Picture, b bar, x plot.Scale, top float64) {
	p.Open("bar "+b.entrant.Look, b.entrant.attr())
	p.Text("name", 0, top+16, clip(b.entrant.Name, 48))
	begin, end := 0.0, 0.0
	for _, s := range b.segments {
		end += s.value
		p.Rect(s.class, x.At(begin), top+barTop, x.At(end)-x.At(begin), barHeight, s.title)
		begin = end
	}
	at := x.At(end)
	if b.half > 0 && !math.IsInf(b.half, 0) {
		middle := top + barTop + barHeight/2
		low, high := x.At(end-b.half), x.At(end+b.half)
		p.Line("whisker", low, middle, high, middle)
		p.Line("whisker", low, middle-4, low, middle+4)
		p.Line("whisker", high, middle-4, high, middle+4)
		at = max(at, high)
	}
	text := b.end
	if end > x.High*(1+1e-9) {
		text = "→ " + text
	}
	p.Text("value", at+7, top+barTop+barHeight-4, text, plot.Span{Class: "warning", Text: b.warning})
	p.Close()
}

// clip shortens a name to so many letters.
func clip(name string, most int) string {
	if letters := []rune(name); len(letters) > most {
		return string(letters[:most-1]) + "…"
	}
	return name
}
