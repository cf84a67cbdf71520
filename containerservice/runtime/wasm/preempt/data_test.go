package preempt

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestData: what goes into memory by itself is taken out, what is odd or speaks of
// numbers of data is left as it is.
func TestData(t *testing.T) {
	const (
		counted  = "\x0c\x02"
		first    = "\x00\x41\x03\x0b\x02ab"           // "ab" at 3
		high     = "\x00\x41\xfc\xff\x03\x0b\x04wxyz" // at the last four bytes of the page
		passive  = "\x01\x01p"
		beyond   = "\x00\x41\xfd\xff\x03\x0b\x04wxyz"
		named    = "\x02\x00\x41\x00\x0b\x01n" // of memory 0
		computed = "\x00\x23\x00\x0b\x01c"     // at a global's value
	)
	ab := Data{3, []byte("ab")}
	wxyz := Data{pageSize - 4, []byte("wxyz")}
	for name, c := range map[string]struct {
		sections []string
		want     []Data
		left     string // of the section; empty: it is gone
	}{
		"all":          {[]string{"\x0b\x02" + first + high}, []Data{ab, wxyz}, ""},
		"counted":      {[]string{counted, "\x0b\x02" + first + high}, []Data{ab, wxyz}, "\x02\x01\x00\x01\x00"},
		"with passive": {[]string{counted, "\x0b\x02" + first + passive}, []Data{ab}, "\x02\x01\x00" + passive},
		"named":        {[]string{"\x0b\x01" + named}, []Data{{0, []byte("n")}}, ""},
		"beyond":       {[]string{"\x0b\x02" + first + beyond}, nil, "\x02" + first + beyond},
		"computed":     {[]string{"\x0b\x02" + first + computed}, nil, "\x02" + first + computed},
		"cut off":      {[]string{"\x0b\x02" + first}, nil, "\x02" + first},
		"too much":     {[]string{"\x0b\x01" + first + passive}, nil, "\x01" + first + passive},
	} {
		parts := []string{types, functions, memory, exports}
		data := c.sections[len(c.sections)-1]
		parts = append(parts, c.sections[:len(c.sections)-1]...)
		out, got, err := Rewrite(assemble(append(parts, code("\x20\x00"), data)...))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		left := ""
		if err := sections(out, func(id byte, content []byte) error {
			if id == sectionData {
				left = string(content)
			}
			return nil
		}); err != nil || left != c.left {
			t.Errorf("%s: %q is left, %v; want %q", name, left, err, c.left)
		}
	}
}
