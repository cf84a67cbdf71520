package main

import (
	"strings"
	"testing"
)

func TestShortened(t *testing.T) {
	for text, want := range map[string]string{
		"fits":                   "fits",
		"one two, three four":    "one two …",
		"abcdefghijklmnopqrstuv": " …",
	} {
		if got := shortened(text, 12); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestPoliciesNamesTheKnownOnes(t *testing.T) {
	err := (&policiesCommand{Name: "no-such"}).one()
	if err == nil || !strings.Contains(err.Error(), "adaptive") || !strings.Contains(err.Error(), "no-such") {
		t.Errorf("error %v does not name what is unknown and what is known", err)
	}
}
