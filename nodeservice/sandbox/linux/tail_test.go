package linux

import (
	"strings"
	"testing"
)

func TestTailKeepsTheEnd(t *testing.T) {
	tail, write, err := newTail()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := write.WriteString(strings.Repeat("x", 100_000) + " the end\n"); err != nil {
		t.Fatal(err)
	}
	write.Close()
	tail.close() // what is in the pipe is still read
	if got := tail.String(); len(got) > tailBytes || !strings.HasSuffix(got, "x the end") {
		t.Errorf("kept %d bytes that end in %q", len(got), got[max(0, len(got)-20):])
	}
}

func TestTailGivesUp(t *testing.T) {
	tail, write, err := newTail()
	if err != nil {
		t.Fatal(err)
	}
	defer write.Close() // as a process does that outlives the agent
	tail.close()
}
