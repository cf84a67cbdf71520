package linux

import "os"

// HasRuntime reports whether functions of a runtime can run on this machine.
func HasRuntime(runtime string) bool {
	_, err := findInterpreter(runtime, os.Getenv("PATH"))
	return err == nil
}
