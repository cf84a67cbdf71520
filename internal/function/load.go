package function

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Load reads functions from a manifest (a YAML file with a list "functions"),
// or from a folder: its functions.yaml, if there is one, and every folder in it
// that has a function.yaml. An empty path is an empty catalogue. Every fault is
// reported at once.
func Load(path string) (*Catalogue, error) {
	if path == "" {
		return newCatalogue(nil)
	}
	if filepath.Base(path) == FrozenFile {
		return loadFrozen(path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("load functions: %w; --functions takes a folder or a YAML file", err)
	}
	var functions []Function
	var faults []error
	add := func(fs []Function, err error) { functions, faults = append(functions, fs...), append(faults, err) }
	if !info.IsDir() {
		add(loadManifest(path))
	} else {
		if manifest := filepath.Join(path, "functions.yaml"); exists(manifest) {
			add(loadManifest(manifest))
		}
		found, err := filepath.Glob(filepath.Join(path, "*", "function.yaml"))
		faults = append(faults, err)
		slices.Sort(found)
		for _, file := range found {
			add(loadOne(file))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("load functions: %w", err)
	}
	return newCatalogue(functions)
}

func loadManifest(file string) ([]Function, error) {
	var manifest struct {
		Functions []declaration `yaml:"functions"`
	}
	if err := decode(file, &manifest); err != nil {
		return nil, err
	}
	var functions []Function
	var faults []error
	for i, d := range manifest.Functions {
		f, err := d.function(filepath.Dir(file))
		if err != nil {
			err = fmt.Errorf("%s: function %d (%q): %w", file, i+1, d.Name, err)
		}
		functions, faults = append(functions, f), append(faults, err)
	}
	return functions, errors.Join(faults...)
}

func loadOne(file string) ([]Function, error) {
	d := declaration{Name: filepath.Base(filepath.Dir(file))}
	if err := decode(file, &d); err != nil {
		return nil, err
	}
	f, err := d.function(filepath.Dir(file))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return []Function{f}, nil
}

func decode(file string, into any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	err = decoder.Decode(into)
	if faults, ok := errors.AsType[*yaml.TypeError](err); ok {
		err = inWords(faults, into)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// inWords says what the decoder says by names of types, of which an author knows nothing.
func inWords(faults *yaml.TypeError, into any) error {
	texts := make([]string, 0, len(faults.Errors)+1)
	unknown := false
	for _, text := range faults.Errors {
		if field, _, ok := strings.Cut(text, " not found in type "); ok {
			text, unknown = strings.Replace(field, "field ", "", 1)+": no such setting", true
		}
		texts = append(texts, strings.ReplaceAll(text, "into function.declaration", "into a function"))
	}
	if unknown {
		var settings []string
		for i := range reflect.TypeFor[declaration]().NumField() {
			settings = append(settings, reflect.TypeFor[declaration]().Field(i).Tag.Get("yaml"))
		}
		hint := "a function has " + strings.Join(settings, ", ")
		if _, one := into.(*declaration); !one {
			hint = "a manifest has a list, functions; " + hint
		}
		texts = append(texts, hint)
	}
	return errors.New(strings.Join(texts, "; "))
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return !errors.Is(err, fs.ErrNotExist)
}
