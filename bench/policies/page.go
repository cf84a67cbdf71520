package policies

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/minifaas/minifaas/bench/policies/play"
	"github.com/minifaas/minifaas/scheduler/policy"
)

//go:embed policies.md.tmpl
var page string

// Write writes policies.md into the folder docs, and the plots into its folder
// policies. What it finds there under these names it replaces.
func (r *Results) Write(docs string) error {
	text, err := r.page()
	if err != nil {
		return fmt.Errorf("write policies.md: %w", err)
	}
	files := map[string]string{"policies.md": text}
	for name, plot := range r.plots() {
		if files[filepath.Join("policies", name)], err = plot(); err != nil {
			return fmt.Errorf("plot %s: %w", name, err)
		}
	}
	if err := os.MkdirAll(filepath.Join(docs, "policies"), 0o755); err != nil {
		return fmt.Errorf("write policies.md: %w", err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(docs, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("write policies.md: %w", err)
		}
	}
	return nil
}

// page fills in the template.
func (r *Results) page() (string, error) {
	t, err := template.New("policies.md").Option("missingkey=error").Parse(page)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, map[string]any{
		"Trial":     r.trial(),
		"Headline":  r.headline(),
		"Losses":    r.lossTable(),
		"Seeds":     r.seedNotes(),
		"Contest":   r.sections(r.plan.contest, ofContest),
		"Builtins":  r.sections(r.plan.builtins, ofContest),
		"Scores":    r.across(r.plan.builtins, workloads(r.plan.builtins), scored),
		"Memory":    r.memorySections(),
		"Ablation":  r.ablationTable(),
		"Parts":     partList(),
		"Constant":  r.constantTable(),
		"Policies":  policyTable(),
		"HasTraces": len(r.plan.memory) > 2,
	})
	return b.String(), err
}

// section is a table with its heading.
type section struct{ Title, Table string }

func (r *Results) sections(settings []play.Setting, figures []figure) []section {
	var all []section
	for _, s := range settings {
		all = append(all, section{title(s), r.compared(s, figures)})
	}
	return all
}

func workloads(settings []play.Setting) []string {
	var names []string
	for _, s := range settings {
		names = append(names, s.Workload)
	}
	return names
}

// title names a setting, as far as it is not clear from where it stands.
func title(s play.Setting) string {
	text := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(s.Workload), ".gz"), ".csv")
	switch {
	case s.Platform == play.Memory:
		sharing := "one call a container"
		if s.Declared == 0 {
			sharing = "shared"
		}
		return fmt.Sprintf("%s, %s, memory %s", text, sharing, size(s))
	case s.CreateScale != 1:
		return fmt.Sprintf("%s, %.0f s, creation %g × slower", text, s.Length.Seconds(), s.CreateScale)
	case s.Length > 0:
		return fmt.Sprintf("%s, %.0f s", text, s.Length.Seconds())
	default:
		return text
	}
}

// size is the node's memory.
func size(s play.Setting) string {
	if s.MemoryFactor == 0 {
		return "unlimited"
	}
	return fmt.Sprintf("%g ×", s.MemoryFactor)
}

// trial says if the plan was cut to try things out.
func (r *Results) trial() string {
	if r.plan.length == 0 && r.plan.seedsOf(r.plan.contest[0]) == allSeeds && len(r.plan.policies) == len(policy.Names)+1 {
		return ""
	}
	return "This is a trial with fewer seeds, policies or shorter workloads than planned: its figures are no result."
}

// seedNotes names the workloads that are played with fewer seeds than the others.
func (r *Results) seedNotes() string {
	var notes []string
	seen := map[string]bool{}
	for _, s := range r.plan.settings() {
		if n := r.plan.seedsOf(s); n < allSeeds && !seen[s.Workload] {
			seen[s.Workload] = true
			notes = append(notes, fmt.Sprintf("%s with %d", filepath.Base(s.Workload), n))
		}
	}
	return strings.Join(notes, ", ")
}

func policyTable() string {
	t := &table{heading: []string{"policy", "its question", "rule", "source"}}
	for _, p := range policy.All() {
		t.add(p.Name, p.Family, p.Summary, p.Source)
	}
	return t.left()
}

func partList() string {
	var lines []string
	for _, p := range parts {
		lines = append(lines, fmt.Sprintf("- **%s** %s", p.name, p.does))
	}
	return strings.Join(lines, "\n")
}
