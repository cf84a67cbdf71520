// Package config lets a YAML file stand in for command-line flags. Flags win
// over the environment, the environment over the file, the file over defaults.
package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// File is a configuration file: a flat YAML mapping from flag names, without
// their dashes in front, to values. It is a kong.Resolver. Faults are kept
// instead of returned, so that all of them can be reported at once.
type File struct {
	path   string
	values map[string]yaml.Node
	faults []error
}

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

// Validate implements kong.Resolver: it compares the file with every flag of
// every command, as one file serves them all.
func (f *File) Validate(app *kong.Application) error {
	if f.faults != nil {
		return nil
	}
	flags := map[string]*kong.Flag{}
	collect(app.Node, flags)
	keys := make([]string, 0, len(f.values))
	for key := range f.values {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int { return f.values[a].Line - f.values[b].Line })
	for _, key := range keys {
		flag, ok := flags[key]
		if !ok {
			f.fault(key, errors.New("no such setting; minifaas COMMAND --help lists them"))
			continue
		}
		if err := f.try(flag, key); err != nil {
			f.fault(key, err)
		}
	}
	return nil
}

func (f *File) fault(key string, err error) {
	f.faults = append(f.faults, fmt.Errorf("%s:%d: %s: %w", f.path, f.values[key].Line, key, err))
}

func collect(node *kong.Node, into map[string]*kong.Flag) {
	for _, flag := range node.Flags {
		into[flag.Name] = flag
	}
	for _, child := range node.Children {
		collect(child, into)
	}
}

// Resolve implements kong.Resolver.
func (f *File) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if _, ok := f.values[flag.Name]; !ok || inEnvironment(flag) || f.try(flag, flag.Name) != nil {
		return nil, nil
	}
	return f.text(flag.Name)
}

// inEnvironment: kong itself asks the environment before its resolvers, so the
// file must hold back where a variable is set.
func inEnvironment(flag *kong.Flag) bool {
	return slices.ContainsFunc(flag.Envs, func(name string) bool { _, ok := os.LookupEnv(name); return ok })
}

// try decodes the value of key for flag, into nowhere.
func (f *File) try(flag *kong.Flag, key string) error {
	text, err := f.text(key)
	if err != nil {
		return err
	}
	scan := kong.ScanFromTokens(kong.Token{Type: kong.FlagValueToken, Value: text})
	return flag.Mapper.Decode(&kong.DecodeContext{Value: flag.Value, Scan: scan}, reflect.New(flag.Target.Type()).Elem())
}

// text is the value as it would stand on the command line.
func (f *File) text(key string) (string, error) {
	node := f.values[key]
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
