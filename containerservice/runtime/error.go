package runtime

import (
	"fmt"
	"time"

	"github.com/minifaas/minifaas/containerservice/process"
)

// Codes of Error.
const (
	CodeFunctionError = "FunctionError"
	CodeTimeout       = "Timeout"
	// CodeOutOfMemory is of an invocation that ran out of memory alone; its container serves on.
	CodeOutOfMemory = "OutOfMemory"
)

// Types of errors that no language has raised.
const (
	TypeExit            = "Runtime.ExitError"
	TypeTimeout         = "Runtime.Timeout"
	TypeHandlerNotFound = "Runtime.HandlerNotFound"
	TypeResultTooLarge  = "Runtime.ResultTooLarge"
	TypeOutputTooLarge  = "Runtime.OutputTooLarge"
	TypeProtocol        = "Runtime.ProtocolError"
)

// Error is an error of the function, not of the platform.
type Error struct {
	Code       string
	Type       string // as the language names it, or one of the types above
	Message    string
	StackTrace string
}

func (e *Error) Error() string { return e.Type + ": " + e.Message }

// Errorf makes an error of the function.
func Errorf(kind, format string, args ...any) *Error {
	return &Error{Code: CodeFunctionError, Type: kind, Message: fmt.Sprintf(format, args...)}
}

// Timeout is the error of an invocation that ran too long.
func Timeout(limit time.Duration) *Error {
	return &Error{Code: CodeTimeout, Type: TypeTimeout, Message: fmt.Sprintf("function ran longer than its timeout of %v", limit)}
}

// LoadTimeout is the error of a function that took too long to load.
func LoadTimeout(limit time.Duration) *Error {
	return &Error{Code: CodeTimeout, Type: TypeTimeout, Message: fmt.Sprintf("function took longer than %v to load", limit)}
}

// TooLarge is the error of an invocation whose result can't be passed on.
func TooLarge() *Error {
	return Errorf(TypeResultTooLarge, "result is larger than the limit of %d MiB", MaxPayload>>20)
}

// TooMuchOutput is the error of a function that wrote too much while it loaded.
func TooMuchOutput() *Error {
	return Errorf(TypeOutputTooLarge, "function wrote more than %d MiB while it loaded", MaxLoadOutput>>20)
}

// Exited is the error of an invocation whose process ended under it.
func Exited(e process.Exit) *Error {
	return Errorf(TypeExit, "function's process %v", e)
}
