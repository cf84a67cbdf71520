package linux

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/function"
	"github.com/minifaas/minifaas/internal/tun"
	"github.com/minifaas/minifaas/nodeservice/sandbox"
	"github.com/minifaas/minifaas/nodeservice/sandbox/linux/egress"
)

// canReachOut fails for a function that asks for a network which this host cannot give. Without
// namespaces each has the host's.
func (r *Runtime) canReachOut(f function.Function) error {
	if !f.Egress || !r.namespaces {
		return nil
	}
	device, err := os.OpenFile(tun.Path, os.O_RDWR, 0)
	if err == nil {
		defer device.Close()
		if os.Geteuid() == 0 {
			err = reachable(tun.Path, 0o006) // containers are other users
		}
	}
	if err != nil {
		return fmt.Errorf("%w: function %s has network: egress, which takes a network device: %w; load the kernel's module tun, let all users read and write %s, or give it to the container that the node runs in",
			sandbox.ErrUnsupported, f.Name, err, tun.Path)
	}
	return nil
}

// awaitDevice lets the agent give its network device: the socket is for the agent.
func (a *agent) awaitDevice() (*os.File, error) {
	ours, theirs, err := socketPair(unix.SOCK_SEQPACKET)
	if err != nil {
		return nil, err
	}
	defer ours.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		theirs.Close()
		return nil, fmt.Errorf("connect to agent: %w", err)
	}
	a.device = conn.(*net.UnixConn)
	return theirs, nil
}

// reachOut gives the sandbox's network device, if it has one, to the node's gateway.
func (c *container) reachOut(ctx context.Context) error {
	conn := c.agent.device
	if conn == nil {
		return nil
	}
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	device, err := tun.Take(conn)
	if ctx.Err() != nil {
		device.Close() // nil is legal
		return context.Cause(ctx)
	}
	if err != nil {
		return c.lost(err)
	}
	link, err := c.runtime.gateway.Attach(device, c.called())
	if err != nil {
		return err
	}
	if !c.keepLink(link) {
		link.Close()
		return c.lost(errors.New("it had no network yet"))
	}
	return nil
}

// keepLink leaves it to the container to close, unless that has ended.
func (c *container) keepLink(link *egress.Link) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.done:
		return false
	default:
		c.link = link
		return true
	}
}
