package telemetry

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// The address of a unix socket holds 108 bytes, which the path of a state
// folder alone may exceed: so a descriptor of the folder stands in for it.
func withFolder[T any](path string, use func(short string) (T, error)) (T, error) {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		var none T
		return none, err
	}
	defer folder.Close()
	return use(fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), filepath.Base(path)))
}

// listenUnix takes the place of a socket that a killed process may have left.
func listenUnix(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	// A living process would hold its state folder.
	os.Remove(path)
	return withFolder(path, func(short string) (net.Listener, error) {
		lis, err := net.Listen("unix", short)
		if err != nil {
			return nil, err
		}
		// The short path ends here; ServeMetrics removes the socket by the long one.
		lis.(*net.UnixListener).SetUnlinkOnClose(false)
		return lis, nil
	})
}

func dialUnix(ctx context.Context, path string) (net.Conn, error) {
	return withFolder(path, func(short string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", short)
	})
}
