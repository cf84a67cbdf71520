package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Visible is text by anybody as a terminal or a page may show it: whatever would steer
// either, or can't be seen, is written as in Go's strings, \x1b or \u202e. Ends of lines
// and tabs stay.
func Visible(text string) string {
	return visible(text, func(r rune) bool { return r == '\n' || r == '\t' || unicode.IsGraphic(r) })
}

// VisibleLine is Visible for what is to be on one line, as names are.
func VisibleLine(text string) string { return visible(text, unicode.IsGraphic) }

func visible(text string, harmless func(rune) bool) string {
	if utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !harmless(r) }) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case harmless(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
		text = text[size:]
	}
	return b.String()
}

// visibleJSON is the same JSON, with escapes for what cannot be seen in its strings.
func visibleJSON(text []byte) string {
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case r == '\n' || unicode.IsGraphic(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// VisibleRuns is a copy of the runs in which all text is Visible.
func VisibleRuns(runs []ContestRun) ([]ContestRun, error) {
	text, err := json.Marshal(runs)
	if err != nil {
		return nil, err
	}
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // seeds have more digits than a float
	if err := decoder.Decode(&tree); err != nil {
		return nil, err
	}
	if text, err = json.Marshal(visibleTree(tree)); err != nil {
		return nil, err
	}
	var copied []ContestRun
	return copied, json.Unmarshal(text, &copied)
}

func visibleTree(tree any) any {
	switch tree := tree.(type) {
	case string:
		return Visible(tree)
	case []any:
		for i := range tree {
			tree[i] = visibleTree(tree[i])
		}
	case map[string]any:
		shown := make(map[string]any, len(tree))
		for key, value := range tree {
			shown[VisibleLine(key)] = visibleTree(value)
		}
		return shown
	}
	return tree
}
