package main

import (
	"fmt"
	"strings"
)

// flagArgs writes pairs of a flag's name and its value as arguments for a child
// process. A value is left out when it is empty.
func flagArgs(pairs ...any) []string {
	var args []string
	for i := 0; i+1 < len(pairs); i += 2 {
		value := fmt.Sprint(pairs[i+1])
		if value != "" {
			args = append(args, fmt.Sprintf("--%s=%s", pairs[i], value))
		}
	}
	return args
}

// joined is how a flag takes several values.
func joined[T fmt.Stringer](values []T) string {
	var texts []string
	for _, v := range values {
		texts = append(texts, v.String())
	}
	return strings.Join(texts, ",")
}

// command joins a subcommand and its arguments.
func command(name string, args ...[]string) []string {
	all := strings.Fields(name)
	for _, a := range args {
		all = append(all, a...)
	}
	return all
}
