package htmlreport

import (
	"math"
	"strconv"
	"strings"
)

func hundredths(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }

func thousandths(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) }

// digits writes three digits, or as many as there are before the point, in
// groups of three: 1.25, 38.5, 73,156. A whole number has no point.
func digits(v float64) string {
	decimals := 0
	switch a := math.Abs(v); {
	case a == math.Trunc(a):
	case a < 9.995:
		decimals = 2
	case a < 99.95:
		decimals = 1
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	whole, rest, fraction := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction {
		whole += "." + rest
	}
	return whole
}

// millis writes milliseconds in three digits and the unit that fits. No line breaks before a unit.
func millis(ms float64) string {
	switch {
	case ms == 0:
		return "0"
	case ms < 0.9995:
		return digits(ms*1000) + "\u00a0µs"
	case ms < 999.5:
		return digits(ms) + "\u00a0ms"
	default:
		return digits(ms/1000) + "\u00a0s"
	}
}

// percent writes a share of 1, to 0.01 %.
func percent(share float64) string {
	return strconv.FormatFloat(math.Round(share*1e4)/100, 'f', -1, 64) + "\u00a0%"
}

func secondsLabel(v float64) string { return digits(v) + "\u00a0s" }

// plural is "1 run", "2 runs".
func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return digits(float64(n)) + " " + noun
}
