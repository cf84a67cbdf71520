package htmlreport

import (
	"math"
	"strconv"
	"strings"
)

// Command is the shell command that plays the same contest again, as far as the
// runs tell: they don't have the flags that change the platform.
func (c *contest) Command() string {
	first := &c.runs[0]
	seed, grace, repeats := first.Seed, first.GraceSeconds, 0
	for i := range c.runs {
		seed, grace = min(seed, c.runs[i].Seed), min(grace, c.runs[i].GraceSeconds)
	}
	for _, e := range c.entrants {
		repeats = max(repeats, len(e.Runs))
	}
	if grace >= 1 {
		grace = math.Floor(grace) // the rest is what the scheduler took to answer
	}
	words := []string{
		"minifaas", "bench", "contest", "--workload", first.Workload, "--nodes", first.Platform,
		"--seed", strconv.FormatUint(seed, 10), "--length", duration(first.DurationSeconds), "--grace", duration(grace),
	}
	if first.WarmUpSeconds > 0 {
		words = append(words, "--warm-up", duration(first.WarmUpSeconds))
	}
	words = append(words, "--repeats", strconv.Itoa(repeats))
	words = append(words, c.schedulerFlags()...)
	words = append(words, "--html", "report.html")
	for i, word := range words {
		words[i] = quote(word)
	}
	return strings.Join(words, " ")
}

// schedulerFlags name the schedulers, and say where the baseline's run comes from.
func (c *contest) schedulerFlags() []string {
	var flags []string
	baseline, scored := false, false
	for _, e := range c.entrants {
		baseline = baseline || e.isBaseline()
		scored = scored || e.Rank > 0
		switch run := e.Runs[0]; {
		case run.Policy != "":
			flags = append(flags, "--policy", run.Policy)
		case run.Process != nil:
			flags = append(flags, "--command", run.Process.Command)
		default:
			flags = append(flags, "--scheduler", run.Scheduler, "--port-base", "PORT")
		}
	}
	switch {
	case baseline:
		return flags
	case scored:
		return append(flags, "--baseline", "FILE")
	default:
		return append(flags, "--no-baseline")
	}
}

func duration(seconds float64) string { return strconv.FormatFloat(seconds, 'f', -1, 64) + "s" }

// quote makes one word of any text for a shell.
func quote(text string) string {
	const harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+"
	if text != "" && !strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune(harmless, r) }) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
