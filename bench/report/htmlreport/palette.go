package htmlreport

import (
	"fmt"
	"strings"
)

// colour is a variable of the style sheet, on light and on dark ground.
type colour struct{ name, light, dark string }

// The schedulers' colours are of Okabe and Ito's set, which colour-blind people
// can tell apart ("Color Universal Design", 2008), without the yellow that white
// swallows, and lighter on dark ground. The heat's go
// from near the ground's lightness to far from it, so that they hold in grey.
var palette = []colour{
	{"paper", "#ffffff", "#14181d"}, {"panel", "#f5f7f9", "#1b2027"}, {"edge", "#dde2e8", "#323a44"},
	{"ink", "#1a2029", "#e8ecf1"}, {"muted", "#56616e", "#a0abb8"}, {"rule", "#e6eaee", "#2a313a"},
	{"bad", "#b3261e", "#ff8a80"}, {"badground", "#fdecea", "#3a1d1c"}, {"link", "#005a8f", "#6fc1f5"},
	{"base", "#6b7683", "#a5afbb"},
	{"c0", "#0072b2", "#4ba9e6"}, {"c1", "#d55e00", "#f58a4b"}, {"c2", "#009e73", "#31c79b"},
	{"c3", "#c2609b", "#e59ac8"}, {"c4", "#d08c00", "#efb83a"}, {"c5", "#3c9fd8", "#93d2f7"},
	{"h0", "#dcefe8", "#1f3a40"}, {"h1", "#d5e3a8", "#27525c"}, {"h2", "#f7d774", "#2f7480"}, {"h3", "#f9b653", "#449b88"},
	{"h4", "#f28c42", "#8abb6a"}, {"h5", "#d95b37", "#d9c74f"}, {"h6", "#a32c30", "#f6d98b"}, {"h7", "#560d24", "#fff7e0"},
	{"k0", "#9aa5b1", "#77828f"}, {"k1", "#0072b2", "#4ba9e6"}, {"k2", "#e0a100", "#efb83a"}, {"k3", "#d55e00", "#f58a4b"}, {"k4", "#c2609b", "#e59ac8"},
}

// looks are six colours by three kinds of line: solid, dashed, dotted. Beyond them they repeat.
const looks, hues = 18, 6

// dashes of the second and the third round of colours.
var dashes = []string{"", "7 3", "2 2.5"}

// lookRules give each look its colour and dash.
func lookRules() string {
	var b strings.Builder
	b.WriteString(".base{color:var(--base)}\n")
	for i := range looks {
		fmt.Fprintf(&b, ".s%d{color:var(--c%d)}", i, i%hues)
		if dash := dashes[i/hues]; dash != "" {
			fmt.Fprintf(&b, " .s%d .curve{stroke-dasharray:%s}", i, dash)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// styleOfPage defines the colours for both grounds. On paper it's light always.
func styleOfPage() string {
	var light, dark strings.Builder
	for _, c := range palette {
		fmt.Fprintf(&light, "--%s:%s;", c.name, c.light)
		fmt.Fprintf(&dark, "--%s:%s;", c.name, c.dark)
	}
	return ":root{color-scheme:light dark;" + light.String() + "}\n" +
		"@media screen and (prefers-color-scheme:dark){:root{" + dark.String() + "}}\n" + lookRules()
}

// styleOfFile is for a picture on its own, on light ground. It has the colours in place
// of variables, which drawing programs don't know.
func styleOfFile() string {
	var values []string
	for _, c := range palette {
		values = append(values, "var(--"+c.name+")", c.light)
	}
	return strings.NewReplacer(values...).Replace(lookRules() + pictureStyle)
}
