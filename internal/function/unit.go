package function

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Size is an amount of memory in bytes; as text, a number with a unit: 128MiB.
type Size int64

// Duration is a time.Duration; as text, as time.ParseDuration has it: 1.5s.
type Duration time.Duration

var units = []struct {
	suffix string
	bytes  float64
}{
	// Longer suffixes first: "MiB" ends in "B", too.
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}, {"", 1},
}

// UnmarshalText reads a size such as 128MiB, 1.5GiB or 1048576.
func (s *Size) UnmarshalText(text []byte) error {
	for _, unit := range units {
		digits, ok := strings.CutSuffix(string(text), unit.suffix)
		if !ok {
			continue
		}
		value, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if err != nil || !(value >= 0 && value*unit.bytes < 1<<62) {
			break
		}
		*s = Size(value * unit.bytes)
		return nil
	}
	return fmt.Errorf("size %q: want a number and a unit, such as 128MiB", text)
}

// String is the size in the largest unit that keeps it short.
func (s Size) String() string {
	for _, unit := range []int{3, 2, 1, 0} {
		if v := float64(s) / units[unit].bytes; v >= 1 {
			return strconv.FormatFloat(v, 'f', -1, 64) + units[unit].suffix
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// MarshalText is String.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a duration such as 1.5s.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("duration %q: want a number and a unit, such as 3s or 500ms", text)
	}
	*d = Duration(v)
	return nil
}
