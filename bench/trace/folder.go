package trace

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// shownWorkloads is how many files of a folder an error names.
const shownWorkloads = 5

// noWorkload says of a folder that is none what it would have to be, and which of its
// files could be given in its place.
func noWorkload(folder string) error {
	want := fmt.Sprintf("it is a folder, and not that of the Azure Functions trace of 2019: no CSV of %s and a column for each minute is in it", hashFunction)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	var found []string
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		if entry.IsDir() || !isWorkload(path) {
			continue
		}
		if len(found) == shownWorkloads {
			found = append(found, "…")
			break
		}
		found = append(found, path)
	}
	if len(found) == 0 {
		return errors.New(want + ", nor any other file that is a workload")
	}
	return fmt.Errorf("%s; give a file of it: %s", want, strings.Join(found, ", "))
}

// isWorkload: a file could be opened by itself.
func isWorkload(path string) bool {
	file, err := openFile(path)
	if err != nil {
		return false
	}
	defer file.Close()
	if _, ext := stem(path); isSpec(ext) {
		_, err := ReadSpec(file)
		return err == nil
	}
	form := file.form()
	return form == eventForm || form == azure2021Form
}
