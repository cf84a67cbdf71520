package native

import (
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/minifaas/minifaas/internal/nonblocking"
)

// socket takes over the descriptor of the agent's socket: children of the
// function must not inherit it.
func socket(fd int) (net.Conn, error) {
	syscall.CloseOnExec(fd)
	f := os.NewFile(uintptr(fd), "agent")
	if f == nil {
		return nil, fmt.Errorf("open MINIFAAS_FD %d: not a descriptor", fd)
	}
	defer f.Close() // net.FileConn duplicates it
	conn, err := net.FileConn(f)
	if err != nil {
		return nil, fmt.Errorf("open MINIFAAS_FD %d: %w", fd, err)
	}
	return nonblocking.NewConn(conn), nil
}
