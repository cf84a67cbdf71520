package plot

import (
	"html"
	"strings"
)

// Key is an entry of a legend: the class that colours a curve, and its name.
type Key struct{ Class, Name string }

const (
	fileMargin  = 16.0
	titleHeight = 30.0
	keyPitch    = 20.0
	keyColumns  = 3
)

// File is the picture as a file of its own: with a title, a style sheet, which must hold
// no "]]>", and a legend below, on white ground.
func (p *Picture) File(title, style string, keys []Key) string {
	rows := (len(keys) + keyColumns - 1) / keyColumns
	width := p.width + 2*fileMargin
	height := titleHeight + p.height + keyPitch*float64(rows) + 2*fileMargin
	frame := New(width, height)
	for i, key := range keys {
		x := fileMargin + float64(i%keyColumns)*p.width/keyColumns
		y := height - fileMargin - keyPitch*float64(rows-1-i/keyColumns) - 4
		frame.Open(key.Class)
		frame.Line("curve", x, y-4, x+24, y-4)
		frame.Text("", x+30, y, key.Name)
		frame.Close()
	}
	frame.Text("name", fileMargin, fileMargin+12, title)

	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 ` + Number(width) + " " + Number(height) +
		`" width="` + Number(width) + `" height="` + Number(height) + "\">\n<title>" + html.EscapeString(title) + "</title>\n")
	b.WriteString("<style><![CDATA[\n" + style + "]]></style>\n")
	b.WriteString(`<rect width="100%" height="100%" fill="#fff"/>` + "\n")
	b.WriteString(frame.body.String() + "\n")
	b.WriteString(`<g transform="translate(` + Number(fileMargin) + " " + Number(fileMargin+titleHeight) + `)">` + p.body.String() + "</g>\n</svg>\n")
	return b.String()
}
