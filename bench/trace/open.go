package trace

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

//go:embed contest-2020.yaml
var contest2020 []byte

// Contest2020 is the name of the built-in workload: the 15 functions of the
// Tianchi 2020 contest run.
const Contest2020 = "contest-2020"

// Options of Open.
type Options struct {
	// Length of the workload; 0 keeps the file's. A specification keeps its
	// rates and scales its phases to the length; an event CSV is cut.
	Length time.Duration
	// Seed of the generator; 0 keeps the file's. An event CSV has none.
	Seed uint64
}

// Open reads a workload: the built-in Contest2020 by its name, or a file: a
// specification (.yaml, .yml) or an event CSV (.csv), either with .gz after it
// or not. An error says which line, or which function, is wrong and how.
func Open(name string, opts Options) (*Workload, error) {
	if opts.Length < 0 {
		return nil, fmt.Errorf("open workload %s: length %v is negative", name, opts.Length)
	}
	if name == Contest2020 {
		return openSpec(bytes.NewReader(contest2020), opts)
	}
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open workload %s: no such file, and the only built-in workload is %s", name, Contest2020)
	}
	if err != nil {
		return nil, fmt.Errorf("open workload: %w", err)
	}
	defer file.Close()

	r, err := plain(file)
	if err != nil {
		return nil, fmt.Errorf("open workload %s: %w", name, err)
	}
	base := strings.TrimSuffix(filepath.Base(name), ".gz")
	var w *Workload
	switch ext := filepath.Ext(base); ext {
	case ".yaml", ".yml":
		w, err = openSpec(r, opts)
	case ".csv":
		w, err = ReadCSV(r, strings.TrimSuffix(base, ext), opts.Length)
	default:
		err = fmt.Errorf("unknown kind of file %q: want .yaml or .csv, or either with .gz", ext)
	}
	if err != nil {
		return nil, fmt.Errorf("open workload %s: %w", name, err)
	}
	return w, nil
}

// plain unpacks gzip, told by its first bytes rather than by the file's name.
func plain(r io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	if magic, _ := buffered.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return buffered, nil
	}
	return gzip.NewReader(buffered)
}

func openSpec(r io.Reader, opts Options) (*Workload, error) {
	spec, err := ReadSpec(r)
	if err != nil {
		return nil, err
	}
	if opts.Length != 0 {
		spec.Length = opts.Length
	}
	if opts.Seed != 0 {
		spec.Seed = opts.Seed
	}
	return spec.Workload()
}
