package wire

import (
	"context"
	"errors"
	"fmt"
)

// Code says what kind of error one is. The numbers and what they mean are gRPC's, whose
// packages would take a tenth of an agent's start.
type Code uint32

// The codes that are used here.
const (
	OK                 Code = 0
	Canceled           Code = 1
	Unknown            Code = 2
	InvalidArgument    Code = 3
	DeadlineExceeded   Code = 4
	ResourceExhausted  Code = 8
	FailedPrecondition Code = 9
	Aborted            Code = 10
	Unimplemented      Code = 12
	Internal           Code = 13
	Unavailable        Code = 14
	mostCode           Code = 16
)

// failed is a call's error.
type failed struct {
	code    Code
	message string
}

func (f *failed) Error() string { return f.message }

// Error is one with a code, which a call's caller gets.
func Error(code Code, message string) error { return &failed{code, message} }

// Errorf formats one.
func Errorf(code Code, format string, args ...any) error {
	return &failed{code, fmt.Sprintf(format, args...)}
}

// ContextError is that of a call whose context has ended.
func ContextError(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &failed{DeadlineExceeded, err.Error()}
	}
	return &failed{Canceled, err.Error()}
}

// CodeOf is OK for no error, and Unknown for one without a code.
func CodeOf(err error) Code {
	if err == nil {
		return OK
	}
	if f, ok := errors.AsType[*failed](err); ok {
		return f.code
	}
	return Unknown
}
