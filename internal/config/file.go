// Package config lets a YAML file stand in for command-line flags. Flags win
// over the environment, the environment over the file, the file over defaults.
package config

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// File is a configuration file: a YAML mapping from flag names, without their
// dashes in front, to values. What is below the name of a command is for that
// command alone. It is a kong.Resolver. Faults are kept instead of returned, so
// that all of them can be reported at once.
type File struct {
	path   string
	values settings
	faults []error
	// texts are the values of flags as they would stand on the command line; nil
	// before the file was compared with the commands.
	texts map[*kong.Flag]string
}

type settings map[string]yaml.Node

// Read reads a file, whose path is for messages.
func Read(r io.Reader, path string) (*File, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	f := &File{path: path}
	if err := yaml.Unmarshal(text, &f.values); err != nil {
		return nil, fmt.Errorf("%s: %w; want lines such as \"policy: adaptive\"", path, err)
	}
	return f, nil
}

// Faults are the entries of the file that are no setting, or no value for it.
// A nil file has none.
func (f *File) Faults() error {
	if f == nil {
		return nil
	}
	return errors.Join(f.faults...)
}

// Validate implements kong.Resolver: it compares the file with the flags of every
// command, as one file serves them all.
func (f *File) Validate(app *kong.Application) error {
	if f.texts == nil {
		f.texts = map[*kong.Flag]string{}
		f.read(f.values, app.Node)
	}
	return nil
}

// Resolve implements kong.Resolver.
func (f *File) Resolve(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if err := f.Validate(ctx.Model); err != nil { // kong does so too late
		return nil, err
	}
	text, ok := f.texts[flag]
	if !ok || inEnvironment(flag) {
		return nil, nil
	}
	return text, nil
}

// inEnvironment: kong itself asks the environment before its resolvers, so the
// file must hold back where a variable is set.
func inEnvironment(flag *kong.Flag) bool {
	return slices.ContainsFunc(flag.Envs, func(name string) bool { _, ok := os.LookupEnv(name); return ok })
}

// read takes the settings of a command, and then of those below it, as theirs win.
func (f *File) read(values settings, command *kong.Node) {
	keys := slices.Collect(maps.Keys(values))
	slices.SortFunc(keys, func(a, b string) int { return values[a].Line - values[b].Line })
	var sections []string
	for _, key := range keys {
		value, flags := values[key], takers(command, key)
		section := child(command, key) != nil
		switch empty := value.Tag == "!!null"; {
		case section && (anchored(value).Kind == yaml.MappingNode || empty && len(flags) == 0):
			sections = append(sections, key)
		case section && len(flags) == 0:
			f.fault(key, value, errors.New("it is a command: want its settings below it"))
		case len(flags) == 0:
			f.fault(key, value, elsewhere(command, key))
		default:
			f.set(flags, key, value)
		}
	}
	for _, key := range sections {
		var section settings
		value := values[key]
		if err := value.Decode(&section); err != nil {
			f.fault(key, value, err)
		}
		f.read(section, child(command, key))
	}
}

// anchored is what an alias, such as *name, stands for, and any other value itself.
func anchored(value yaml.Node) yaml.Node {
	if value.Kind == yaml.AliasNode {
		return *value.Alias
	}
	return value
}

// set gives a value to all flags of one name, unless it is none for them.
func (f *File) set(flags []*kong.Flag, key string, value yaml.Node) {
	text, err := plain(anchored(value))
	for _, flag := range flags {
		if err == nil {
			err = try(flag, text)
		}
		if err != nil {
			f.fault(key, value, err)
			return
		}
		f.texts[flag] = text
	}
}

func (f *File) fault(key string, value yaml.Node, err error) {
	f.faults = append(f.faults, fmt.Errorf("%s:%d: %s: %w", f.path, value.Line, key, err))
}

// try decodes a value for flag, into nowhere.
func try(flag *kong.Flag, text string) error {
	if flag.Enum != "" && !slices.Contains(flag.EnumSlice(), text) {
		return fmt.Errorf("%q: want one of %s", text, strings.Join(flag.EnumSlice(), ", "))
	}
	scan := kong.ScanFromTokens(kong.Token{Type: kong.FlagValueToken, Value: text})
	return flag.Mapper.Decode(&kong.DecodeContext{Value: flag.Value, Scan: scan}, reflect.New(flag.Target.Type()).Elem())
}

// plain is a value as it would stand on the command line.
func plain(node yaml.Node) (string, error) {
	switch node.Kind {
	case yaml.ScalarNode:
		return node.Value, nil
	case yaml.SequenceNode:
		items := make([]string, len(node.Content))
		for i, item := range node.Content {
			if item.Kind != yaml.ScalarNode {
				return "", errors.New("want a list of plain values")
			}
			items[i] = item.Value
		}
		return strings.Join(items, ","), nil
	default:
		return "", errors.New("want one value, or a list of them")
	}
}
