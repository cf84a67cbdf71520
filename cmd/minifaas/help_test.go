package main

import "testing"

// TestEveryCommandHasItsPlace: the list of --help shows a command without a group ahead of all others.
func TestEveryCommandHasItsPlace(t *testing.T) {
	_, parser, _ := parse(t, "up")
	groups := map[string]int{}
	for _, command := range parser.Model.Leaves(true) {
		if command.Group == nil {
			t.Errorf("%s is in no group", command.Path())
			continue
		}
		groups[command.Group.Key]++
	}
	if len(groups) < 3 {
		t.Errorf("the groups are %v: too few to help", groups)
	}
}
