package trace

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Options of Open.
type Options struct {
	// Length of the workload; 0 keeps its own. A specification keeps its rates
	// and scales its phases to the length; a trace is cut.
	Length time.Duration
	// Seed of the generator; 0 keeps the specification's, and is 1 for the
	// traces of Azure. An event CSV leaves nothing to chance.
	Seed uint64
}

// Open reads a workload: a built-in one by its name (see Builtins), or a file:
// a specification (.yaml, .yml), an event CSV, the invocations file of the
// Azure Functions trace of 2019 or the folder that it is in, or the Azure
// Functions trace of 2021. Files may be packed with gzip; those that are no
// specification are told apart by their first line. An error says which line,
// or which function, is wrong and how.
func Open(name string, opts Options) (*Workload, error) {
	if opts.Length < 0 {
		return nil, fmt.Errorf("open workload %s: length %v is negative", name, opts.Length)
	}
	w, err := openBuiltin(name, opts)
	if w == nil && err == nil {
		w, err = openPath(name, opts)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open workload %s: no such file, and the built-in workloads are %s", name, strings.Join(Names(), ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("open workload %s: %w", name, err)
	}
	return w, nil
}

func openPath(path string, opts Options) (*Workload, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		invocations, err := findInvocations(path)
		if err != nil {
			return nil, err
		}
		return openAzure2019(invocations, filepath.Base(filepath.Clean(path)), opts)
	}
	file, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()

	stem, ext := stem(path)
	if isSpec(ext) {
		spec, err := ReadSpec(file)
		if err != nil {
			return nil, err
		}
		return spec.with(opts).Workload()
	}
	switch form := file.form(); {
	case form == invocationsForm:
		return openAzure2019(path, stem, opts)
	case form == durationsForm || form == memoryForm:
		return nil, errors.New("this is one of three files of the Azure Functions trace of 2019: name the invocations file, or the folder")
	case form == azure2021Form:
		return readAzure2021(file, stem, opts)
	case form == eventForm || ext == ".csv":
		return ReadCSV(file, stem, opts.Length)
	default:
		return nil, fmt.Errorf("unknown kind of file %q: want a specification (.yaml), an event CSV (.csv), or a trace of Azure Functions; any with .gz", ext)
	}
}

// isSpec: files with this ending are specifications.
func isSpec(ext string) bool { return ext == ".yaml" || ext == ".yml" }

// stem is the name of a file without its folder and endings, and ext the ending below .gz.
func stem(path string) (stem, ext string) {
	base := strings.TrimSuffix(filepath.Base(path), ".gz")
	ext = filepath.Ext(base)
	return strings.TrimSuffix(base, ext), ext
}

// input is a file that is being read, unpacked if it is packed.
type input struct {
	*bufio.Reader
	file *os.File
}

func openFile(path string) (*input, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r := bufio.NewReaderSize(file, headerSize)
	if magic, _ := r.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) { // the file's name may not tell
		unpacked, err := gzip.NewReader(r)
		if err != nil {
			file.Close()
			return nil, err
		}
		r = bufio.NewReaderSize(unpacked, headerSize)
	} else if len(magic) > 0 && strings.HasSuffix(path, ".gz") {
		file.Close()
		return nil, errors.New("its name ends in .gz, but it is not packed with gzip")
	}
	return &input{Reader: r, file: file}, nil
}

func (in *input) Close() error { return in.file.Close() }

// headerSize is more than the longest first line has: 1,440 minutes and some names.
const headerSize = 1 << 16

// form is what a file holds, as its first line tells.
type form int

const (
	otherForm form = iota
	eventForm
	invocationsForm
	durationsForm
	memoryForm
	azure2021Form
)

// form looks at the first line and leaves it to be read.
func (in *input) form() form {
	start, _ := in.Peek(headerSize)
	line, _, _ := bytes.Cut(start, []byte("\n"))
	t, err := newTable(bytes.NewReader(line))
	if err != nil {
		return otherForm
	}
	for _, known := range []struct {
		form    form
		columns []string
	}{
		{durationsForm, []string{hashFunction, "percentile_Average_50"}},
		{memoryForm, []string{averageMemory}},
		{invocationsForm, []string{hashFunction}},
		{azure2021Form, azure2021Columns},
		{eventForm, columns[:required]},
	} {
		if _, err := t.columns(known.columns...); err == nil {
			return known.form
		}
	}
	return otherForm
}
