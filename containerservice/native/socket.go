package native

import (
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
)

// socket takes over the descriptor of the agent's socket: children of the
// function must not inherit it.
func socket(fd int) (io.ReadWriter, error) {
	syscall.CloseOnExec(fd)
	f := os.NewFile(uintptr(fd), "agent")
	defer f.Close() // net.FileConn duplicates it
	conn, err := net.FileConn(f)
	if err != nil {
		return nil, fmt.Errorf("open MINIFAAS_FD %d: %w", fd, err)
	}
	return conn, nil
}
