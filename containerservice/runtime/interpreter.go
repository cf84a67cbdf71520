package runtime

import (
	"fmt"
	"os"
)

// CheckInterpreter returns ErrNoInterpreter with what was looked for, unless
// the function's interpreter can be executed.
func (f Function) CheckInterpreter(language string) error {
	return checkInterpreter(f.Interpreter, language)
}

// CheckInterpreter does the same ahead of the function.
func (p Preparation) CheckInterpreter(language string) error {
	return checkInterpreter(p.Interpreter, language)
}

func checkInterpreter(path, language string) error {
	if path == "" {
		return fmt.Errorf("%w: no path of a %s was given", ErrNoInterpreter, language)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("%w: looked for %s: %w", ErrNoInterpreter, language, err)
	}
	if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return fmt.Errorf("%w: looked for %s: %s is not executable", ErrNoInterpreter, language, path)
	}
	return nil
}
