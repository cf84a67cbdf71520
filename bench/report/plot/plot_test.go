package plot

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestAt(t *testing.T) {
	linear := Scale{Low: 0, High: 10, From: 100, To: 0}
	wide := Scale{Low: 1, High: 1000, From: 0, To: 300, Log: true}
	for _, c := range []struct {
		scale   Scale
		v, want float64
	}{{linear, 0, 100}, {linear, 2.5, 75}, {linear, 11, 0}, {linear, -1, 100}, {wide, 10, 100}, {wide, 0, 0}, {wide, 5000, 300}} {
		if got := c.scale.At(c.v); Number(got) != Number(c.want) {
			t.Errorf("%v on %+v is at %v, want %v", c.v, c.scale, got, c.want)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		scale Scale
		most  int
		want  []float64
	}{
		{Scale{Low: 0, High: 20}, 5, []float64{0, 5, 10, 15, 20}},
		{Scale{Low: 0, High: 7}, 4, []float64{0, 2, 4, 6}},
		{Scale{Low: 0, High: 1223}, 7, []float64{0, 200, 400, 600, 800, 1000, 1200}},
		{Scale{Low: 0, High: 0.4}, 5, []float64{0, 0.1, 0.2, 0.30000000000000004, 0.4}},
		{Scale{Low: 1, High: 3}, 1, []float64{2}},
		{Scale{Low: 3, High: 30000, Log: true}, 0, []float64{10, 100, 1000, 10000}},
		{Scale{Low: 1, High: 30, Log: true}, 0, []float64{1, 2, 5, 10, 20}},
	} {
		if got := c.scale.Ticks(c.most); !slices.Equal(got, c.want) {
			t.Errorf("ticks of %+v: %v, want %v", c.scale, got, c.want)
		}
	}
}

func TestSteps(t *testing.T) {
	x, y := Scale{High: 4, To: 40}, Scale{High: 10, From: 100}
	for want, values := range map[string][]float64{
		"":                         nil,
		"M0 50H40":                 {5, 5, 5, 5},
		"M0 100H20V0H30V95H40":     {0, 0, 10, 0.5},
		"M0 90H10V0H20V90H30V0H40": {1, 11, 1, 11},
	} {
		if got := Steps(values, x, y).String(); got != want {
			t.Errorf("steps of %v: %s, want %s", values, got, want)
		}
	}
}

// Names come from others: no text of theirs may become an element.
func TestTextIsEscaped(t *testing.T) {
	const name = `</text><script>alert("&")</script>`
	p := New(100.25, 50)
	p.Open("a", Attr{"data-name", name})
	p.Text("x", 1, 2, name)
	p.Rect("bar", 0, 0, 1, 1, name)
	p.Path("box", new(Path))
	p.Close()
	svg := p.SVG("plot", name)
	if strings.Contains(svg, "<script") {
		t.Error(svg)
	}
	decoder := xml.NewDecoder(strings.NewReader(svg))
	var texts []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
		if text, ok := token.(xml.CharData); ok {
			texts = append(texts, string(text))
		}
	}
	if !slices.Equal(texts, []string{name, name}) {
		t.Errorf("texts %q", texts)
	}
}

func TestAxesLabelEveryTick(t *testing.T) {
	p := New(100, 100)
	p.Axes(Axes{
		X: Scale{High: 10, From: 10, To: 90}, Y: Scale{High: 2, From: 90, To: 10}, XTicks: 3, YTicks: 3,
		XLabel: func(v float64) string { return Number(v) + " s" }, YLabel: Number,
	})
	svg := p.SVG("", "")
	for _, want := range []string{">0 s<", ">5 s<", ">10 s<", ">0<", ">1<", ">2<"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in %s", want, svg)
		}
	}
}
