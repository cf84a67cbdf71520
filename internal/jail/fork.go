package jail

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// forks are run on the thread from which children are forked; nil outside of a sandbox.
//
// Linux keeps a thread's landlock domain and its bounding set for itself, and
// a child gets those of the thread that forked it. The domains that the threads
// of one process take each for itself are strangers to each other: a child
// could not be killed, nor its /proc files be read, from any thread but its
// own. So one thread alone takes a domain, and with it all children are in the
// same, while the agent, which is ours and has no rights left to lose, stays above it.
var forks chan func()

// Fork runs f on the thread from which children must be forked once Enter has
// returned, and waits for it. It is safe for concurrent use.
func Fork(f func()) {
	if forks == nil {
		f()
		return
	}
	done := make(chan struct{})
	forks <- func() {
		defer close(done)
		f()
	}
	<-done
}

// openForks starts the thread.
func openForks() {
	forks = make(chan func())
	go serveForks()
}

// timerSlack is the kernel's own, in nanoseconds.
const timerSlack = 50_000

func serveForks() {
	runtime.LockOSThread()
	if unix.Gettid() == os.Getpid() {
		// Signals go by the domain of a process's first thread: children must not be in
		// the same. While it is locked, another one is found.
		other := make(chan struct{})
		go func() {
			runtime.LockOSThread()
			close(other)
			serveForks()
		}()
		<-other
		runtime.UnlockOSThread()
		return
	}
	// The agent's timers may be late, and with them those of wasm modules, which it runs itself;
	// those of a function's processes are not: a child has what its thread has.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, timerSlack, 0, 0, 0)
	// Never unlocked, as children also get its death signal.
	for f := range forks {
		f()
	}
}
