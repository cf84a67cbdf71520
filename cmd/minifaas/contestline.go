package main

import (
	"strconv"
	"strings"

	"github.com/minifaas/minifaas/bench/trace"
)

// line is the shell command that plays the whole contest again: all that was chosen, by
// flags, in the environment or in a file, and the defaults that matter.
func (c *contestCommand) line(workload *trace.Workload) string {
	words := []string{"minifaas", "bench", "contest"}
	flag := func(name, value string) {
		if value != "" {
			words = append(words, "--"+name, quote(value))
		}
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	flag("workload", c.Workload)
	if c.Length > 0 {
		flag("length", c.Length.String())
	}
	if workload.Seed != 0 {
		flag("seed", strconv.FormatUint(workload.Seed, 10))
	}
	for _, who := range c.contestants() {
		switch {
		case who.policy != "":
			flag("policy", who.policy)
		case who.command != "":
			flag("command", who.command)
		default:
			flag("scheduler", who.endpoint)
		}
	}
	if c.NoBaseline {
		words = append(words, "--no-baseline")
	}
	flag("baseline", c.Baseline)
	flag("repeats", strconv.Itoa(c.Repeats))
	flag("grace", c.Grace.String())
	if c.WarmUp > 0 {
		flag("warm-up", c.WarmUp.String())
	}
	flag("patience", c.Patience.String())
	flag("nodes", c.Nodes)
	flag("available", strconv.Itoa(c.Available))
	flag("max-nodes", strconv.Itoa(c.MaxNodes))
	flag("refill", c.Refill.String())
	if c.Nodes == "simulated" {
		flag("create-scale", number(c.CreateScale))
		flag("time-scale", number(c.TimeScale))
	} else {
		flag("isolation", c.Isolation)
	}
	if c.PortBase != 0 {
		flag("port-base", strconv.Itoa(c.PortBase))
	}
	flag("raw", c.Raw)
	flag("html", c.HTML)
	flag("plots", c.Plots)
	return strings.Join(words, " ")
}

// quote makes one word of any text for a shell.
func quote(text string) string {
	const harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+"
	if !strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune(harmless, r) }) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
