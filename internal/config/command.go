package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// own marks a command, and those below it, whose settings are its own: a field with
// the tag settings:"own" takes none from the top of a file, and its variables have
// its name in them. Its flags may then mean something else than flags of the same
// name elsewhere.
func own(command *kong.Node) bool {
	for ; command != nil; command = command.Parent {
		if command.Tag != nil && command.Tag.Get("settings") == "own" {
			return true
		}
	}
	return false
}

// Variables names the environment variable of every flag that has none given:
// PREFIX_FLAG, and PREFIX_COMMAND_FLAG for a command whose settings are its own.
func Variables(prefix string) kong.Option {
	upper := strings.NewReplacer("-", "_", " ", "_")
	var name func(command *kong.Node)
	name = func(command *kong.Node) {
		for _, flag := range command.Flags {
			if flag.Name == "help" || len(flag.Envs) > 0 {
				continue
			}
			words := []string{prefix, flag.Name}
			if own(command) {
				words = []string{prefix, command.Path(), flag.Name}
			}
			flag.Envs = []string{strings.ToUpper(upper.Replace(strings.Join(words, "_")))}
			flag.Tag.Envs = flag.Envs
		}
		for _, child := range command.Children {
			name(child)
		}
	}
	return kong.PostBuild(func(k *kong.Kong) error {
		name(k.Model.Node)
		return nil
	})
}

func child(command *kong.Node, name string) *kong.Node {
	i := slices.IndexFunc(command.Children, func(c *kong.Node) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return command.Children[i]
}

// takers are the flags that a setting is for, if it stands in the section of a command,
// or at the top, which is the section of the whole program.
func takers(command *kong.Node, name string) (flags []*kong.Flag) {
	walk(command, name, func(owner *kong.Node, flag *kong.Flag) {
		if owner == command || command.Parent == nil && !own(owner) {
			flags = append(flags, flag)
		}
	})
	for _, flag := range command.Flags { // in its section another name for it is as clear
		if slices.Contains(flag.Aliases, name) {
			flags = append(flags, flag)
		}
	}
	return flags
}

// elsewhere is the error of a setting that has no taker where it stands.
func elsewhere(command *kong.Node, name string) error {
	if positive, negated := strings.CutPrefix(name, "no-"); negated {
		if flags := takers(command, positive); len(flags) > 0 && flags[0].Tag.Negatable != "" {
			return fmt.Errorf("want %s: false", positive)
		}
	}
	for above := command.Parent; above != nil; above = above.Parent {
		if slices.ContainsFunc(above.Flags, func(flag *kong.Flag) bool { return flag.Name == name }) {
			return errors.New("it is a setting of all commands: put it at the top")
		}
	}
	var owners []string
	walk(command, name, func(owner *kong.Node, _ *kong.Flag) { owners = append(owners, owner.Path()) })
	if len(owners) > 0 {
		return fmt.Errorf("it is a setting of %s: put it into a section of that name", strings.Join(owners, ", "))
	}
	return fmt.Errorf("no such setting; minifaas %s --help lists them", cmp.Or(command.Path(), "COMMAND"))
}

// walk visits the flags of that name of a command and of those below it.
func walk(command *kong.Node, name string, visit func(owner *kong.Node, flag *kong.Flag)) {
	for _, flag := range command.Flags {
		if flag.Name == name {
			visit(command, flag)
		}
	}
	for _, child := range command.Children {
		walk(child, name, visit)
	}
}
