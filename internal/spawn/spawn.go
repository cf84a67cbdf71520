// Package spawn starts processes by way of a small one, the helper, whose children they
// are. A process with user namespaces of its own is forked with all page tables of
// whoever forks it: of a node that is most of what the start takes, of the helper next
// to nothing. When the node ends so does the helper, and with it all that it started.
// Ends are seen by the node itself, so that a helper that hangs or dies holds up nothing.
//
// The two speak JSON over a socket that keeps packets apart. The node sends orders; the
// helper answers them in turn, and tells of every child's end.
package spawn

import (
	"os"
	"syscall"
	"time"
)

// Argument is the first of a program that is to Serve.
const Argument = "spawner"

// Command is a process to be started. All files remain the caller's to close.
type Command struct {
	Path      string
	Args, Env []string
	Dir       string
	// Files are its descriptors from 0 on.
	Files []*os.File
	// Attributes but for PidFD and the cgroup's; nil is none.
	Attributes *syscall.SysProcAttr
	Cgroup     Cgroup
	// Owner, if not 0, is the user to whom a user namespace of the process's own belongs
	// that it is born into: its processes outside of that namespace may enter it. It takes root.
	Owner int
	// Root, if not nil, is a mount namespace: the process's own begins as a copy of that. Its /proc
	// must show the helper's children to root. It takes root.
	Root *os.File
	// Network, if not nil, is a network namespace that the process is born in, instead of the helper's. It takes root.
	Network *os.File
	// Slack is by how much its timers may be late, and those of what it starts; 0 is the kernel's usual.
	Slack time.Duration
}

// Cgroup is where a process is born; the zero value is where the helper is.
//
// With version 2 there is one door, the group's folder, and no home. With version 1 doors
// are the files to which a thread writes to get into the group, and homes those by which it
// gets back. Moving a process instead would take a lock that stops every fork and exit of
// the host for an RCU grace period, up to tens of milliseconds; a thread that moves itself
// does not need it.
type Cgroup struct {
	Doors, Homes []*os.File
}

// order is a Command on the wire, where its files come along in this sequence.
type order struct {
	Path         string
	Args, Env    []string
	Dir          string
	Attributes   *syscall.SysProcAttr
	Files        int
	Doors, Homes int
	Owner        int
	Root         bool
	Network      bool
	Slack        time.Duration
}

// notice is what the helper says.
type notice struct {
	// PID of a child, which comes with a descriptor that stands for it unless it has ended.
	PID   int
	Ended *End
	// Fault and Errno tell why there is no child.
	Fault string
	Errno syscall.Errno
}

const (
	// mostOrder bounds a packet, in bytes, and mostFiles what comes along.
	mostOrder = 64 << 10
	mostFiles = 64
)
