// Package frame is the codec of the protocol between the agent and a resident
// worker, which docs/native-protocol.md lays down: frames of a 13-byte header
// and a payload, in both directions of one stream socket.
package frame

import "encoding/json"

// Type says what a frame is.
type Type uint8

// The agent sends Invoke and Cancel, the worker all others.
const (
	Invoke    Type = 1 // one line of JSON (Invocation), then the event
	Cancel    Type = 2 // no payload
	Ready     Type = 3 // no payload, call 0
	LoadError Type = 4 // JSON (Failure), call 0
	Result    Type = 5 // the result
	Error     Type = 6 // JSON (Failure)
	Log       Type = 7 // output of a call, or with call 0 of loading

	// A worker that is started before it is known for which function says Waiting,
	// and then gets Load.
	Load    Type = 8 // JSON (Function), call 0
	Waiting Type = 9 // the worker's process id in decimal, if it was forked outside; call 0
)

// HeaderSize is the length of what goes before every payload: its size (4
// bytes), the type (1) and the call (8), big-endian.
const HeaderSize = 13

// MaxPayload is the largest payload of an Invoke frame: an event and its line of JSON.
const MaxPayload = 8 << 20

// Header is the beginning of a frame.
type Header struct {
	// Size of the payload in bytes.
	Size uint32
	Type Type
	// Call is the agent's number of the invocation, never used twice.
	Call uint64
}

// Invocation is the line of JSON at the beginning of an Invoke payload.
type Invocation struct {
	RequestID string `json:"request_id"`
	// DeadlineMS is the time of the invocation's timeout, in ms since 1970.
	DeadlineMS int64 `json:"deadline_ms"`
}

// Function is the payload of Load.
type Function struct {
	Handler string `json:"handler"`
	CodeDir string `json:"code_dir"`
	// Environment is all that the function finds in its environment.
	Environment map[string]string `json:"environment"`
	// Preload are modules to import before the code folder is looked at.
	Preload []string `json:"preload,omitempty"`
	// Snapshot: a hook of the function's runs after its initialisation.
	Snapshot bool `json:"snapshot,omitempty"`
}

// Failure is the payload of LoadError and Error.
type Failure struct {
	Type       string `json:"errorType"`
	Message    string `json:"errorMessage"`
	StackTrace string `json:"stackTrace,omitempty"`
}

// ParseFailure never fails: what is not JSON becomes the message.
func ParseFailure(payload []byte) Failure {
	var f Failure
	if err := json.Unmarshal(payload, &f); err != nil {
		return Failure{Type: "Error", Message: string(payload)}
	}
	return f
}
