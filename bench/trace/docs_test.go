package trace

import (
	"os"
	"strings"
	"testing"
)

// The examples that readers copy from docs/workloads.md must work.
func TestExamplesOfTheDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/workloads.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	example, _, _ := strings.Cut(rest, "```")
	if spec, err := ReadSpec(strings.NewReader(example)); err != nil || len(spec.Functions) != 1 {
		t.Errorf("specification file: %v", err)
	}

	var events []string
	for line := range strings.Lines(string(text)) {
		if row, ok := strings.CutPrefix(line, "    "); ok && strings.Count(row, ",") == 4 {
			events = append(events, row)
		}
	}
	if _, err := ReadCSV(strings.NewReader(strings.Join(events, "")), "docs", 0); err != nil || len(events) != 4 {
		t.Errorf("%d lines of events: %v", len(events), err)
	}
}
