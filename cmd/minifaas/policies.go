package main

import (
	"fmt"
	"strings"

	"github.com/minifaas/minifaas/internal/config"
	"github.com/minifaas/minifaas/scheduler/policy"
)

type policiesCommand struct {
	outputFlags
	Name string `arg:"" optional:"" help:"Show this policy at length."`
}

// Help is printed below the flags.
func (*policiesCommand) Help() string {
	return `minifaas sim takes two more, oracle and oracle-seen, which know the calls to come:
limits to compare with, no policies that a scheduler could run.`
}

// policyResult is what policies -o json prints of each.
type policyResult struct {
	Name    string `json:"name"`
	Family  string `json:"family"`
	Summary string `json:"summary"`
	Source  string `json:"source"`
}

func (c *policiesCommand) Run(file *config.File) error {
	if err := check(file); err != nil {
		return err
	}
	if c.Name != "" {
		return c.one()
	}
	if c.Output == "json" {
		all := []policyResult{}
		for _, p := range policy.All() {
			all = append(all, policyResult(p))
		}
		return printJSON(all)
	}
	row, flush := table("POLICY\tDECIDES\tSUMMARY\tSOURCE")
	for _, p := range policy.All() {
		row("%s\t%s\t%s\t%s", p.Name, p.Family, shortened(p.Summary, 90), shortened(sourceOf(p), 40))
	}
	return flush()
}

func (c *policiesCommand) one() error {
	for _, p := range policy.All() {
		if p.Name != c.Name {
			continue
		}
		if c.Output == "json" {
			return printJSON(policyResult(p))
		}
		_, err := fmt.Printf("%s\n\nDecides: %s\nSource:  %s\n\n%s\n", p.Name, p.Family, sourceOf(p), p.Summary)
		return err
	}
	_, err := policy.New(c.Name) // its error lists all there are
	return err
}

func sourceOf(p policy.Info) string {
	if p.Source == "" {
		return "minifaas"
	}
	return p.Source
}

// shortened cuts a text between words so that it fits in so many bytes.
func shortened(text string, most int) string {
	if len(text) <= most {
		return text
	}
	cut := strings.LastIndexByte(text[:most-2], ' ')
	return strings.TrimRight(text[:max(0, cut)], " ,;:") + " …"
}
