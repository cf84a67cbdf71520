package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestHelpWithoutCommand: who does not say which command is shown what there is.
func TestHelpWithoutCommand(t *testing.T) {
	for args, want := range map[string]string{"": "Call and look\n", "bench": "bench cold "} {
		out, err := exec.CommandContext(t.Context(), "/proc/self/exe", strings.Fields(args)...).Output()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("minifaas %s: %v, %s: want its commands", args, err, out)
		}
	}
}

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
