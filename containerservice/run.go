package containerservice

import (
	"fmt"
	"io"
	"net"
	"os"
	goruntime "runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/containerservice/runtime"
	"github.com/minifaas/minifaas/internal/jail"
	"github.com/minifaas/minifaas/internal/wire"
)

// Config says what the agent was given by the node. Run closes both files.
type Config struct {
	// Spec is read to its end: a serialised SandboxSpec.
	Spec *os.File
	// Socket is a connected stream socket.
	Socket *os.File
	// Jail is whether to shut the process in as Spec says.
	Jail bool
	// Runtimes are those beside the ones that every agent has, by name.
	Runtimes map[string]runtime.Starter
}

// Run shuts the process in and serves until the node closes the socket. An
// error means that it never served. It is called once, first of all in a process.
func Run(c Config) error {
	// A container has a share of a core or two, which the function needs: a second
	// thread of ours would mostly look for work that the first is doing.
	goruntime.GOMAXPROCS(1)
	// Nothing that the function starts may inherit them.
	syscall.CloseOnExec(int(c.Spec.Fd()))
	syscall.CloseOnExec(int(c.Socket.Fd()))
	spec, err := readSpec(c.Spec)
	if err != nil {
		return err
	}
	if spec.Layout == wire.LayoutTemplate {
		return holdRoot(c.Socket, spec)
	}
	if c.Jail {
		if err := jail.Enter(spec); err != nil {
			return fmt.Errorf("enter sandbox: %w", err)
		}
	}
	// After the jail: a change of credentials clears it. A node that died before is
	// noticed by its end of the socket.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("ask for the parent's death signal: %w", err)
	}
	conn, err := net.FileConn(c.Socket)
	if err != nil {
		return fmt.Errorf("open node socket: %w", err)
	}
	c.Socket.Close() // net.FileConn has duplicated it
	s := New(c.Runtimes)
	defer s.Close()
	wire.Serve(conn, s)
	return nil
}

// holdRoot lays a root out for others, until the node closes the socket.
func holdRoot(socket *os.File, spec *wire.SandboxSpec) error {
	if err := jail.Lay(spec); err != nil {
		return fmt.Errorf("lay out a root: %w", err)
	}
	_, err := socket.Write([]byte{1})
	if err == nil {
		_, err = io.Copy(io.Discard, socket)
	}
	if err != nil {
		return fmt.Errorf("hold a root: %w", err)
	}
	return nil
}

func readSpec(f *os.File) (*wire.SandboxSpec, error) {
	b, err := io.ReadAll(f)
	f.Close()
	if err != nil {
		return nil, fmt.Errorf("read sandbox spec: %w", err)
	}
	return wire.DecodeSpec(b)
}
