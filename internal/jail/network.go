package jail

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/tun"
)

// deviceSocket is the descriptor over which the node waits for the network device.
const deviceSocket = 5

// giveDevice makes a way out of the network namespace, whose other end only the node has then. It
// comes before all else, as its file is the host's.
func giveDevice() error {
	defer unix.Close(deviceSocket)
	device, err := tun.Open()
	if err != nil {
		return err
	}
	defer device.Close()
	return tun.Give(deviceSocket, device)
}

// raiseLoopback makes 127.0.0.1 work in the network namespace. In one that a sandbox has
// left to this one it does already, and this one has no right to change it.
func raiseLoopback() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("raise loopback: open socket: %w", err)
	}
	defer unix.Close(socket)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("raise loopback: %w", err)
	}
	if err := unix.IoctlIfreq(socket, unix.SIOCGIFFLAGS, request); err == nil && request.Uint16()&unix.IFF_UP != 0 {
		return nil
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("raise loopback: %w", err)
	}
	return nil
}
