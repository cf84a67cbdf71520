package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/minifaas/minifaas/bench/contest"
	"github.com/minifaas/minifaas/bench/report"
	"github.com/minifaas/minifaas/scheduler/policy"
)

// contestant is a scheduler that takes part: one of our policies, a command, or
// one that runs at an endpoint. The others are empty.
type contestant struct {
	name                      string
	policy, command, endpoint string
}

// contestants are all that were asked for, the baseline first, each with a name of its own.
func (c *contestCommand) contestants() []contestant {
	baseline := (policy.Baseline{}).Name()
	policies := c.Policy
	if len(policies)+len(c.Command)+len(c.Scheduler) == 0 {
		policies = []string{adaptivePolicy}
	}
	if !c.NoBaseline && c.Baseline == "" && !slices.Contains(policies, baseline) {
		policies = append([]string{baseline}, policies...)
	}
	var all []contestant
	add := func(who contestant) {
		who.name = report.VisibleLine(who.name)
		same := 0
		for _, other := range all {
			if other.name == who.name || strings.HasPrefix(other.name, who.name+"-") {
				same++
			}
		}
		if same > 0 {
			who.name = fmt.Sprintf("%s-%d", who.name, same+1)
		}
		all = append(all, who)
	}
	for _, name := range policies {
		add(contestant{name: name, policy: name})
	}
	for _, line := range c.Command {
		add(contestant{name: commandName(line), command: line})
	}
	for _, endpoint := range c.Scheduler {
		add(contestant{name: endpoint, endpoint: endpoint})
	}
	return all
}

// commandName is what a line of shell is about: its last path, or else its first word.
func commandName(line string) string {
	words := strings.Fields(line)
	for _, word := range slices.Backward(words) {
		if !strings.HasPrefix(word, "-") && strings.ContainsAny(word, "/.") {
			return filepath.Base(strings.Trim(word, `"';&`))
		}
	}
	if len(words) == 0 {
		return "command"
	}
	return words[0]
}

// start is the command that starts the contestant beside the platform. It is an error
// if somebody else listens at its port, who would be played to in its place.
func (who contestant) start(p *platform, log string) (*contest.Command, error) {
	lis, err := net.Listen("tcp", p.endpoint(schedulerPort))
	if err != nil {
		return nil, fmt.Errorf("the scheduler's port is taken: %w; stop who listens there, or choose other ports with --port-base", err)
	}
	lis.Close()
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	resourceManager := p.endpoint(resourceManagerPort)
	c := &contest.Command{
		Argv: []string{"/bin/sh", "-c", who.command}, Line: who.command, Log: log, Guard: []string{executable, "bench", "guard"},
		Env: []string{
			"RESOURCE_MANAGER_ENDPOINT=" + resourceManager, "SERVICE_PORT=" + strconv.Itoa(p.cfg.portBase+schedulerPort),
			"STACK_NAME=minifaas", "HOST_NAME=127.0.0.1",
		},
	}
	if who.policy == "" {
		return c, nil
	}
	flags := policyFlags{Policy: who.policy, Enlarge: who.policy == adaptivePolicy}
	args := command("scheduler", flags.args(), flagArgs("address", p.cfg.address, "port-base", p.cfg.portBase, "resource-manager-endpoint", resourceManager))
	c.Argv = append(append([]string{executable}, p.cfg.logs.args()...), args...)
	c.Line = fmt.Sprintf("minifaas scheduler --policy %s --enlarge=%v", flags.Policy, flags.Enlarge)
	return c, nil
}

// environment is that of this program on this machine.
func environment() report.Environment {
	return contest.NewEnvironment(version, commit())
}
