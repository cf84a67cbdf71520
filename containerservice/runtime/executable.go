package runtime

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// Executable is the path of the program called name in the function's code, or
// the error of the function that says what is wrong with it.
func (f Function) Executable(name string) (string, error) {
	path := filepath.Join(f.CodeDir, name)
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", Errorf(TypeHandlerNotFound, "no executable %q in the function's code: %v", name, err)
	case !info.Mode().IsRegular():
		return "", Errorf(TypeHandlerNotFound, "%q is not a file", name)
	case info.Mode()&0o111 == 0:
		return "", Errorf(TypeHandlerNotFound, "%q is not executable: chmod +x it", name)
	}
	file, err := os.Open(path)
	if err != nil {
		return path, nil // it may be executed but not read
	}
	defer file.Close()
	head := make([]byte, 4)
	n, _ := io.ReadFull(file, head)
	if !bytes.HasPrefix(head[:n], []byte("#!")) && !bytes.HasPrefix(head[:n], []byte("\x7fELF")) {
		return "", Errorf(TypeHandlerNotFound, "%q is neither a program nor a script: a script begins with #!/bin/sh or the like", name)
	}
	return path, nil
}

// StartError turns the error of starting the function's own executable into
// one of the function where it is to blame: a script without its
// interpreter, a program for another machine.
func StartError(err error) error {
	for _, e := range []error{syscall.ENOENT, syscall.ENOEXEC, syscall.EACCES} {
		if errors.Is(err, e) {
			return Errorf(TypeHandlerNotFound, "%v (is it built for this machine, and is its interpreter there?)", err)
		}
	}
	return err
}
