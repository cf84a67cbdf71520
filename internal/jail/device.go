package jail

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// devices are the host's own: a user namespace may not make any.
var devices = []string{"null", "zero", "full", "random", "urandom"}

var deviceLinks = map[string]string{
	"fd":     "/proc/self/fd",
	"stdin":  "/proc/self/fd/0",
	"stdout": "/proc/self/fd/1",
	"stderr": "/proc/self/fd/2",
}

// fillDev makes the mount points of the devices, and the links beside them.
func fillDev(root string) error {
	for _, name := range devices {
		if err := mountPoint(filepath.Join(root, "dev", name), false); err != nil {
			return err
		}
	}
	for name, to := range deviceLinks {
		if err := os.Symlink(to, filepath.Join(root, "dev", name)); err != nil {
			return fmt.Errorf("link device: %w", err)
		}
	}
	return nil
}

func bindDevices(root string) error {
	for _, name := range devices {
		target := filepath.Join(root, "dev", name)
		if err := unix.Mount("/dev/"+name, target, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("bind /dev/%s: %w", name, err)
		}
	}
	return nil
}
