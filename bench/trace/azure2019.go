package trace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The Azure Functions trace of 2019 (Shahrad et al., "Serverless in the Wild",
// USENIX ATC 2020) is three files a day: how often each function was called in
// each minute, percentiles of its execution times, and of the memory of its
// application. Their names end alike before .csv, as in .d01.csv.

// findInvocations finds the one invocations file of a folder.
func findInvocations(folder string) (string, error) {
	found, err := findForm(folder, invocationsForm)
	if err != nil {
		return "", err
	}
	switch len(found) {
	case 0:
		return "", noWorkload(folder)
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%d invocations files are in the folder, %s and others: name one of them", len(found), filepath.Base(found[0]))
}

// findBeside finds the file of that form which belongs to an invocations file:
// in its folder, with the same ending before .csv. It returns fs.ErrNotExist if there is none.
func findBeside(invocations string, f form) (string, error) {
	found, err := findForm(filepath.Dir(invocations), f)
	if err != nil {
		return "", err
	}
	var same []string
	for _, path := range found {
		if day(path) == day(invocations) {
			same = append(same, path)
		}
	}
	switch len(same) {
	case 0:
		return "", fs.ErrNotExist
	case 1:
		return same[0], nil
	}
	return "", fmt.Errorf("%s and %s both belong to %s: leave one of them in the folder",
		filepath.Base(same[0]), filepath.Base(same[1]), filepath.Base(invocations))
}

// day is the part of a file's name that tells the day: "d01" in "x.anon.d01.csv.gz".
func day(path string) string {
	stem, _ := stem(path)
	return filepath.Ext(stem)
}

// findForm finds the files of a form in a folder, in order of name.
func findForm(folder string, f form) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		if _, ext := stem(path); ext != ".csv" || entry.IsDir() {
			continue
		}
		file, err := openFile(path)
		if err != nil {
			return nil, err
		}
		if file.form() == f {
			found = append(found, path)
		}
		file.Close()
	}
	return found, nil
}

// openAzure2019 reads an invocations file and the two that belong to it.
func openAzure2019(invocations, name string, opts Options) (*Workload, error) {
	a := newAzure2019(opts)
	if err := readFile(invocations, a.readInvocations); err != nil {
		return nil, err
	}
	durations, err := findBeside(invocations, durationsForm)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no durations file with the ending %q before .csv is beside it: want a CSV of %s and percentile_Average_…", day(invocations), hashFunction)
	}
	if err != nil {
		return nil, err
	}
	if err := readFile(durations, a.readDurations); err != nil {
		return nil, err
	}
	switch memory, err := findBeside(invocations, memoryForm); {
	case errors.Is(err, fs.ErrNotExist): // two of the fourteen days have none
	case err != nil:
		return nil, err
	default:
		if err := readFile(memory, a.readMemory); err != nil {
			return nil, err
		}
	}
	return a.workload(name)
}

// readFile reads a CSV file; errors begin with its name.
func readFile(path string, read func(*table) error) error {
	file, err := openFile(path)
	if err != nil {
		return err
	}
	defer file.Close()
	t, err := newTable(file)
	if err == nil {
		err = read(t)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return nil
}
