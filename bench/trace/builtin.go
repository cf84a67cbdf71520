package trace

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

//go:embed builtin/*.yaml
var specifications embed.FS

// Contest2020 is the name of the built-in workload that is played by default:
// the 15 functions of the Tianchi 2020 contest run.
const Contest2020 = "contest-2020"

// Builtin is a workload that comes with the program.
type Builtin struct {
	Name string
	// About says in one line what it is like.
	About string
}

// Builtins are the built-in workloads in order of name.
func Builtins() []Builtin {
	all := []Builtin{{Name: azureLikeName, About: azureLikeAbout}}
	files, err := specifications.ReadDir("builtin")
	if err != nil {
		panic(err) // it is in the program
	}
	for _, file := range files {
		spec, err := builtinSpec(strings.TrimSuffix(file.Name(), ".yaml"))
		if err != nil {
			panic(err) // a test reads them all
		}
		all = append(all, Builtin{Name: spec.Name, About: spec.About})
	}
	slices.SortFunc(all, func(a, b Builtin) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Names are those of the built-in workloads, in order.
func Names() []string {
	var names []string
	for _, b := range Builtins() {
		names = append(names, b.Name)
	}
	return names
}

// openBuiltin makes the built-in workload of that name; nil if there is none.
func openBuiltin(name string, opts Options) (*Workload, error) {
	if base, functions, ok := strings.Cut(name, ":"); base == azureLikeName {
		n := azureLikeFunctions
		if ok {
			var err error
			if n, err = strconv.Atoi(functions); err != nil || n < 1 || n > maxFunctions {
				return nil, fmt.Errorf("%q is no number of functions: want %s or, for a thousand functions, %s:1000", functions, base, base)
			}
		}
		seed := uint64(azureLikeSeed)
		if opts.Seed != 0 {
			seed = opts.Seed
		}
		return azureLike(n, seed).with(opts).Workload()
	}
	spec, err := builtinSpec(name)
	if spec == nil || err != nil {
		return nil, err
	}
	return spec.with(opts).Workload()
}

// builtinSpec reads one of the specifications; nil if there is none of that name.
func builtinSpec(name string) (*Spec, error) {
	text, err := specifications.ReadFile("builtin/" + name + ".yaml")
	if err != nil {
		return nil, nil
	}
	return ReadSpec(bytes.NewReader(text))
}

// with sets the length and the seed that the options name.
func (s *Spec) with(opts Options) *Spec {
	if opts.Length != 0 {
		s.Length = opts.Length
	}
	if opts.Seed != 0 {
		s.Seed = opts.Seed
	}
	return s
}
