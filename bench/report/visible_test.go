package report

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
)

func TestVisible(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "",
		"größer, 5 µs\u00a0±\t1 %\n":   "größer, 5 µs\u00a0±\t1 %\n",
		"\x1b[2J\x1b]0;owned\a":        `\x1b[2J\x1b]0;owned\a`,
		"a\rb\x00c\x7f":                `a\rb\x00c\x7f`,
		"txt.\u202egpj \u200b\ufeff":   `txt.\u202egpj \u200b\ufeff`,
		"\xff\xfe, \ufffd is a letter": "\\xff\\xfe, \ufffd is a letter",
	} {
		if got := Visible(text); got != want {
			t.Errorf("Visible(%q) = %q, want %q", text, got, want)
		}
	}
	if got := VisibleLine("a\nnote:\tall is well"); got != `a\nnote:\tall is well` {
		t.Errorf("one line: %q", got)
	}
}

// hostileRuns are of a scheduler whose name and messages would steer a terminal.
func hostileRuns() []ContestRun {
	r := entrantRun("\x1b[31mmine\nnote: all is well", 0, 300, 900)
	r.Failures, r.ByKind = 1, map[string]int{"In\x1bternal": 1}
	r.Functions[0].Failures, r.Functions[0].FailedSeconds = 1, []float64{1}
	r.Troubles = []Trouble{{"answers that are an error", 1, "notify: \x1b]0;owned\a\x00\u202e\nsecond line"}}
	r.Notes, r.Seed = []string{"a\x1b[2J note \x7f\u0085\U000e0001"}, 1<<63+1
	return []ContestRun{r}
}

func TestContestOfStrangers(t *testing.T) {
	for _, format := range []Format{Table, JSON} {
		var text bytes.Buffer
		if err := Contest(&text, format, hostileRuns(), 1); err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexFunc(text.String(), func(r rune) bool { return r != '\n' && unicode.IsControl(r) }); i >= 0 {
			t.Errorf("%s: a control character: %q", format, text.String()[i:min(i+20, text.Len())])
		}
		if strings.ContainsFunc(text.String(), func(r rune) bool { return unicode.Is(unicode.Cf, r) }) {
			t.Errorf("%s: a character that cannot be seen: %q", format, &text)
		}
		if format == JSON {
			if read, err := ReadContest(&text); err != nil || read[0].Notes[0] != hostileRuns()[0].Notes[0] {
				t.Errorf("read back: %v, %+v", err, read)
			}
		}
		if format == Table && strings.Contains(text.String(), "\nnote: all is well") {
			t.Errorf("a name forges a line:\n%s", &text)
		}
	}
}

func TestVisibleRuns(t *testing.T) {
	runs := hostileRuns()
	got, err := VisibleRuns(runs)
	if err != nil {
		t.Fatal(err)
	}
	r := got[0]
	if r.Seed != 1<<63+1 || r.Troubles[0].First != `notify: \x1b]0;owned\a\x00\u202e`+"\nsecond line" || r.ByKind[`In\x1bternal`] != 1 {
		t.Errorf("%+v", r)
	}
	if runs[0].Notes[0] != hostileRuns()[0].Notes[0] {
		t.Error("the runs themselves have changed")
	}
}
