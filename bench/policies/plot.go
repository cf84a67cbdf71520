package policies

import (
	"bytes"
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The colours are of Okabe and Ito's set, which colour-blind people can tell
// apart, "Color Universal Design", 2008. Shapes say the same once more.
var (
	ours      = color.RGBA{0, 114, 178, 255}   // blue
	limits    = color.RGBA{0, 158, 115, 255}   // bluish green
	resources = color.RGBA{230, 159, 0, 255}   // orange
	others    = color.RGBA{90, 90, 90, 255}    // grey
	hair      = color.RGBA{190, 190, 190, 255} // leaders and grids
)

const smallText, plainText = 7.5, 9

// plots are the files of docs/policies, by name.
func (r *Results) plots() map[string]func() (string, error) {
	all := map[string]func() (string, error){"contest.svg": func() (string, error) { return r.contestPlot(r.plan.contest[0]) }}
	for _, g := range r.plan.memory {
		for _, y := range []figure{p99Slow, cold} {
			all[g.plot(y)] = func() (string, error) { return r.memoryPlot(g, y) }
		}
	}
	return all
}

func typeface(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}

// newPlot has the type and the lines that all plots share.
func newPlot() *plot.Plot {
	p := plot.New()
	p.Title.TextStyle.Font = typeface(plainText + 1)
	p.Title.Padding = vg.Points(4)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Font = typeface(plainText)
		axis.Tick.Label.Font = typeface(plainText - 1)
		axis.Padding = vg.Points(2)
	}
	return p
}

// picture is an SVG of the size that draw fills.
func picture(width, height vg.Length, fill func(draw.Canvas)) (string, error) {
	c := vgsvg.New(width, height)
	dc := draw.New(c)
	dc.FillPolygon(color.White, []vg.Point{{}, {X: width}, {X: width, Y: height}, {Y: height}})
	fill(dc)
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return "", err
	}
	return slim.Replace(b.String()), nil
}

// slim says once for all texts what vgsvg says for each, and names fonts of the
// same widths for those who lack the one that was measured with.
var slim = strings.NewReplacer(
	"font-family:Liberation Sans;font-variant:normal;font-weight:normal;font-style:normal;", "",
	"<g transform=\"scale(1, -1) translate", `<g font-family="Liberation Sans,Arial,Helvetica,sans-serif" transform="scale(1, -1) translate`,
	"\n\tstyle=", " style=",
)
