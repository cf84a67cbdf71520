// Package plot draws SVG from few elements: enough for lines, bars and axes.
//
// Elements have classes in place of colours and fonts, so that the style sheet
// of the page around a picture decides on them, also for a dark page and for
// print. Text is escaped here; class names are the caller's own.
package plot

import (
	"html"
	"strconv"
	"strings"
)

// Picture is an SVG in the making: 0, 0 is its top left corner.
type Picture struct {
	width, height float64
	body          strings.Builder
}

// New is an empty picture of a size in user units. It is shown as wide as the
// page has room for.
func New(width, height float64) *Picture { return &Picture{width: width, height: height} }

// Attr is an attribute of an element.
type Attr struct{ Name, Value string }

// Open begins a group, up to Close.
func (p *Picture) Open(class string, attrs ...Attr) {
	p.body.WriteString(`<g class="` + class + `"`)
	writeAttrs(&p.body, attrs)
	p.body.WriteString(">")
}

// Close ends the group that was opened last.
func (p *Picture) Close() { p.body.WriteString("</g>") }

// Line draws from one point to another.
func (p *Picture) Line(class string, x1, y1, x2, y2 float64) {
	p.element("line", class, "x1", x1, "y1", y1, "x2", x2, "y2", y2)
	p.body.WriteString("/>")
}

// Rect draws a rectangle; title, unless empty, is shown when pointed at.
func (p *Picture) Rect(class string, x, y, width, height float64, title string) {
	p.element("rect", class, "x", x, "y", y, "width", width, "height", height)
	if title == "" {
		p.body.WriteString("/>")
		return
	}
	p.body.WriteString("><title>" + html.EscapeString(title) + "</title></rect>")
}

// Path draws along a path; an empty one leaves an element that scripts can fill.
func (p *Picture) Path(class string, path *Path, attrs ...Attr) {
	p.body.WriteString(`<path class="` + class + `"`)
	writeAttrs(&p.body, append(attrs, Attr{"d", path.String()}))
	p.body.WriteString("/>")
}

// Span is a text in a class of its own.
type Span struct{ Class, Text string }

// Text writes with its base line at y, and spans behind it. Where x is (start, middle
// or end) is the class's.
func (p *Picture) Text(class string, x, y float64, text string, spans ...Span) {
	p.element("text", class, "x", x, "y", y)
	p.body.WriteString(">" + html.EscapeString(text))
	for _, s := range spans {
		if s.Text != "" {
			p.body.WriteString(` <tspan class="` + s.Class + `">` + html.EscapeString(s.Text) + "</tspan>")
		}
	}
	p.body.WriteString("</text>")
}

// SVG is the picture as an element of HTML, and as a file too. Screen readers
// say the label.
func (p *Picture) SVG(class, label string, attrs ...Attr) string {
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" class="` + class + `" role="img"`)
	writeAttrs(&b, append([]Attr{
		{"viewBox", "0 0 " + Number(p.width) + " " + Number(p.height)}, {"aria-label", label},
	}, attrs...))
	b.WriteString(">" + p.body.String() + "</svg>")
	return b.String()
}

// element begins one with numbers as attributes: a name, a value, and so on.
func (p *Picture) element(name, class string, attrs ...any) {
	p.body.WriteString("<" + name + ` class="` + class + `"`)
	for i := 0; i < len(attrs); i += 2 {
		p.body.WriteString(" " + attrs[i].(string) + `="` + Number(attrs[i+1].(float64)) + `"`)
	}
}

func writeAttrs(b *strings.Builder, attrs []Attr) {
	for _, a := range attrs {
		b.WriteString(" " + a.Name + `="` + html.EscapeString(a.Value) + `"`)
	}
}

// Number is a coordinate, to a tenth of a unit: more can't be seen.
func Number(v float64) string { return string(appendNumber(nil, v)) }

func appendNumber(b []byte, v float64) []byte {
	b = strconv.AppendFloat(b, v, 'f', 1, 64)
	if n := len(b); b[n-2] == '.' && b[n-1] == '0' {
		b = b[:n-2]
	}
	return b
}
