package echo

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// Process is a running Serve.
type Process struct {
	// Address is its host:port.
	Address string
	// GCPercent is its GOGC.
	GCPercent int
	// Stop ends it and waits for that.
	Stop func()
}

// Start runs command, which must be Serve in a process of its own. Empty, it is
// this program with the arguments "bench echo-server".
func Start(ctx context.Context, command []string) (*Process, error) {
	if len(command) == 0 {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("start echo server: find this program: %w", err)
		}
		command = []string{self, "bench", "echo-server"}
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for who started it, and may want the last answers
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start echo server: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start echo server: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start echo server: %w", err)
	}
	stop := func() {
		in.Close() // which ends it
		_ = cmd.Wait()
	}
	p := &Process{Stop: stop}
	if _, err := fmt.Fscanln(bufio.NewReader(out), &p.Address, &p.GCPercent); err != nil {
		stop()
		return nil, fmt.Errorf("start echo server: it ended without telling its address: %s", strings.Join(command, " "))
	}
	return p, nil
}
