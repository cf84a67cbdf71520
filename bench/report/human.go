package report

import (
	"strconv"
	"strings"
	"time"
)

// human writes a duration in three digits and the unit that fits: 85.3µs,
// 1.20ms, 61.4s. Nothing measured is a dash.
func human(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{time.Second, "s"}, {time.Millisecond, "ms"}, {time.Microsecond, "µs"}} {
		// What would round up to a thousand of the smaller unit is one of this.
		if v := float64(d) / float64(u.unit); v >= 0.9995 {
			return digits(v) + u.name
		}
	}
	return d.String()
}

// digits writes v in three digits, or as many as there are before the point.
func digits(v float64) string {
	decimals := 0
	switch {
	case v < 9.995:
		decimals = 2
	case v < 99.95:
		decimals = 1
	}
	return strconv.FormatFloat(v, 'f', decimals, 64)
}

// count writes a whole number with commas: 73,156.
func count(n int) string {
	s := strconv.Itoa(n)
	var b strings.Builder
	for i, r := range s {
		if i > 0 && (len(s)-i)%3 == 0 && s[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// plural is "1 call", "2 calls".
func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return count(n) + " " + noun
}
