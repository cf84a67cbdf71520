// Package function is what the platform knows of a function: its name, its
// sizes and where its code is. APIServer and NodeService read the same
// catalogue, and agree by the function's qualified name.
package function

import "time"

// Runtimes.
const (
	Python3 = "python3" // module.function in Python
	NodeJS  = "nodejs"  // module.function in Node.js
	Binary  = "binary"  // one process a call: stdin → stdout
	Native  = "native"  // a resident program on the agent's framed protocol
	Custom  = "custom"  // a program on the AWS Lambda Runtime API
	Wasm    = "wasm"    // a WebAssembly module on WASI preview 1
	// Simulated has no code: only simulated nodes have it, which do as the event says.
	Simulated = "simulated"
)

// Function is one immutable version of a function.
type Function struct {
	Name Name
	// Runtime is one of the constants above.
	Runtime string
	// Handler is module.function, or the name of an executable or a .wasm file in Code; empty for Simulated.
	Handler string
	// Code is the folder that holds the code, on this machine; empty for Simulated.
	Code string
	// Memory of a container, in bytes.
	Memory int64
	// Timeout of one execution.
	Timeout time.Duration
	// Concurrency is how many invocations may run at once in one container; 0
	// leaves it to the scheduler's policy.
	Concurrency int
	Environment map[string]string
	// Preload are modules of the interpreter's own installation that are imported ahead
	// of the code; Python3 only. A node keeps an interpreter that has them.
	Preload []string
	// Snapshot: containers may begin from the state in which the function's initialisation
	// left one; Python3 and Wasm only.
	Snapshot bool
	// Egress: its containers may reach other machines; without, they have no network.
	Egress bool
	// Resident is what a container uses without calls, in bytes, where it is
	// simulated; 0 leaves it to the node's model.
	Resident int64
}

// Name is a function's qualified, immutable name.
type Name struct {
	Account  string
	Function string
	Version  string
}

// String is account/function@version.
func (n Name) String() string { return n.Account + "/" + n.Function + "@" + n.Version }
