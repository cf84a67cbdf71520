package native

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// socket takes over the descriptor of the agent's socket: children of the
// function must not inherit it. It stays a blocking one: the thread that waits
// in read is the one that is woken, which saves the detour by the Go runtime's poller.
func socket(fd int) (io.ReadWriter, error) {
	syscall.CloseOnExec(fd)
	f := os.NewFile(uintptr(fd), "agent")
	if f == nil {
		return nil, fmt.Errorf("open MINIFAAS_FD %d: not a descriptor", fd)
	}
	return f, nil
}
