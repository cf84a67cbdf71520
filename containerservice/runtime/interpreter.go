package runtime

import (
	"fmt"
	"os"
)

// CheckInterpreter returns ErrNoInterpreter with what was looked for, unless
// the function's interpreter can be executed.
func (f Function) CheckInterpreter(language string) error {
	if f.Interpreter == "" {
		return fmt.Errorf("%w: no path of a %s was given", ErrNoInterpreter, language)
	}
	info, err := os.Stat(f.Interpreter)
	if err != nil {
		return fmt.Errorf("%w: looked for %s: %w", ErrNoInterpreter, language, err)
	}
	if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return fmt.Errorf("%w: looked for %s: %s is not executable", ErrNoInterpreter, language, f.Interpreter)
	}
	return nil
}
