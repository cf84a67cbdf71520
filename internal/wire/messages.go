package wire

import "fmt"

// The messages are those of proto/containerservice, where it is said what they mean.

// Call is what the node asks; one of what follows ID is set.
type Call struct {
	ID            uint64
	Prepare       *PrepareRequest
	Load          *LoadRequest
	Invoke        *InvokeRequest
	EndInvocation *EndInvocationRequest
	Trim          *TrimRequest
}

// Answer is the agent's.
type Answer struct {
	ID            uint64
	Code          int32
	Message       string
	Prepare       *PrepareReply
	Load          *LoadReply
	Invoke        *InvokeReply
	EndInvocation *EndInvocationReply
	Trim          *TrimReply
}

// Isolation is that of a SandboxSpec.
type Isolation int32

// The kinds of isolation.
const (
	IsolationNamespaces Isolation = iota
	IsolationProcess
)

// Layout is that of a SandboxSpec.
type Layout int32

// Who lays out a sandbox's root.
const (
	LayoutOwn Layout = iota
	LayoutShared
	LayoutTemplate
)

// SandboxSpec says how an agent shuts itself in.
type SandboxSpec struct {
	Isolation Isolation
	Root      string
	Mounts    []*Mount
	TmpBytes  int64
	Hostname  string
	Filter    []byte
	Egress    bool
	HostUser  uint32
	Layout    Layout
}

// Mount is a folder of the host's and where the sandbox sees it.
type Mount struct{ Source, Target string }

// PrepareRequest asks for what a function of the runtime will need.
type PrepareRequest struct {
	Runtime, Interpreter string
	MemoryInBytes        int64
	Forked               bool
}

// PrepareReply has what the worker is to get that is forked outside.
type PrepareReply struct{ WorkerSocket, WorkerOutput int32 }

// LoadRequest is the function.
type LoadRequest struct {
	Runtime, Handler, CodeDir, FunctionName string
	MemoryInBytes                           int64
	Environment                             map[string]string
	Interpreter                             string
	TimeoutNanos, LogLimitInBytes           int64
	CompiledDir                             string
	Forked                                  bool
	Preload                                 []string
	Snapshot, Zygote                        bool
}

// LoadReply says how that went.
type LoadReply struct {
	Error       *FunctionError
	FunctionLog string
}

// FunctionError is an error of the function's own.
type FunctionError struct{ Code, Type, Message, StackTrace string }

// InvokeRequest is one invocation.
type InvokeRequest struct {
	RequestID    string
	Event        []byte
	TimeoutNanos int64
}

// InvokeReply is its result.
type InvokeReply struct {
	Body                                   []byte
	Error                                  *FunctionError
	FunctionLog                            string
	DurationInNanos, MaxMemoryUsageInBytes int64
	ContainerLost                          bool
}

// EndInvocationRequest names the request whose invocations are to stop.
type EndInvocationRequest struct{ RequestID string }

// EndInvocationReply says that they have.
type EndInvocationReply struct{ ContainerLost bool }

// TrimRequest asks for memory back.
type TrimRequest struct{}

// TrimReply says that there is no more to give.
type TrimReply struct{}

// EncodeSpec is a SandboxSpec as the agent reads it.
func EncodeSpec(m *SandboxSpec) []byte { return appendTo(nil, specFields(m)) }

// DecodeSpec reads what EncodeSpec has made.
func DecodeSpec(b []byte) (*SandboxSpec, error) {
	m := &SandboxSpec{}
	if err := parse(b, specFields(m)); err != nil {
		return nil, fmt.Errorf("decode sandbox spec: %w", err)
	}
	return m, nil
}
