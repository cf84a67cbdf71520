package function

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// FrozenFile is the file in which Freeze leaves a catalogue.
const FrozenFile = "functions.frozen"

// Freeze writes the catalogue as it is now, and copies of all code, into folder. From
// FrozenFile in there Load reads the same functions, in the same versions, whatever
// becomes of the originals. Code that can't be copied stays where it is: whoever needs
// it finds the same fault, and says so by the author's path.
func (c *Catalogue) Freeze(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	all := c.All()
	copies := map[string]string{} // many functions may share their code
	for i, f := range all {
		if f.Code == "" {
			continue
		}
		if _, done := copies[f.Code]; !done {
			code, err := freezeCode(f.Code, filepath.Join(folder, strconv.Itoa(len(copies))))
			if err != nil {
				return fmt.Errorf("copy code of %s: %w", f.Name, err)
			}
			copies[f.Code] = code
		}
		all[i].Code = copies[f.Code]
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, FrozenFile), text, 0o600) // environments may hold secrets
}

// freezeCode returns the folder that has the code from now on.
func freezeCode(code, to string) (string, error) {
	err := copyCode(code, to)
	if err == nil {
		return to, nil
	}
	if err := os.RemoveAll(to); err != nil {
		return "", err
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return "", err
	}
	return code, nil
}

// errOdd: a folder of code has what no copy of it may have.
var errOdd = errors.New("neither file, folder nor a link that stays inside")

func copyCode(from, to string) error {
	from, err := filepath.EvalSymlinks(from)
	if err != nil {
		return err
	}
	into, err := filepath.EvalSymlinks(filepath.Dir(to))
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(from, into); err == nil && filepath.IsLocal(rel) {
		return errOdd // it would be copied into itself
	}
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch mode := info.Mode(); {
		case mode.IsDir():
			return os.Mkdir(target, 0o700)
		case mode.IsRegular() && rel != ".":
			return copyFile(path, target, info)
		case mode&fs.ModeSymlink != 0:
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			if filepath.IsAbs(link) || !filepath.IsLocal(filepath.Join(filepath.Dir(rel), link)) {
				return errOdd
			}
			return os.Symlink(link, target)
		default:
			return errOdd
		}
	})
}

// copyFile keeps the mode and the time, by which Python tells whether the author's
// __pycache__ is of that source.
func copyFile(from, to string, info fs.FileInfo) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Chmod(info.Mode().Perm())
	}
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	return os.Chtimes(to, info.ModTime(), info.ModTime())
}

// loadFrozen reads what Freeze wrote.
func loadFrozen(file string) (*Catalogue, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("load functions: %w", err)
	}
	var functions []Function
	if err := json.Unmarshal(text, &functions); err != nil {
		return nil, fmt.Errorf("load functions: %s: %w", file, err)
	}
	return newCatalogue(functions)
}
