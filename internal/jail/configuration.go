package jail

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/tun"
	"github.com/minifaas/minifaas/internal/wire"
)

// configuration is what programs need of the host's /etc and what tells
// nothing about the host: how to find libraries, certificates and names.
var configuration = []string{
	"/etc/ld.so.cache",
	"/etc/ld.so.conf",
	"/etc/ld.so.conf.d",
	"/etc/ld-musl-x86_64.path",
	"/etc/ld-musl-aarch64.path",
	"/etc/alternatives",
	"/etc/ssl",
	"/etc/pki",
	"/etc/ca-certificates",
	"/etc/ca-certificates.conf",
	"/etc/crypto-policies",
	"/etc/localtime",
	"/etc/timezone",
	"/etc/nsswitch.conf",
	"/etc/mime.types",
	"/etc/protocols",
	"/etc/services",
}

// names are the files of /etc that differ between sandboxes: they are links to what
// is in the folder that coverNames mounts.
var names = []string{"hostname", "hosts", "resolv.conf"}

// namesFolder is where they are.
const namesFolder = "run"

// writeConfiguration writes what is the same in all sandboxes.
func writeConfiguration(root string) error {
	for _, name := range names {
		if err := os.Symlink(filepath.Join("/", namesFolder, name), filepath.Join(root, "etc", name)); err != nil {
			return fmt.Errorf("link configuration: %w", err)
		}
	}
	return writeFiles(root, map[string]string{
		"etc/passwd": "root:x:0:0:root:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
		"etc/group":  "root:x:0:\nnogroup:x:65534:\n",
	})
}

// coverNames mounts the folder with the sandbox's own names.
func coverNames(root string, spec *wire.SandboxSpec) error {
	folder := filepath.Join(root, namesFolder)
	if err := mountTmpfs(folder, "mode=0755,size=64k,nr_inodes=16", 0); err != nil {
		return err
	}
	servers := "# no network\n"
	if spec.Egress {
		servers = fmt.Sprintf("nameserver %s\n", tun.Gateway)
	}
	if err := writeFiles(folder, map[string]string{"resolv.conf": servers}); err != nil {
		return err
	}
	if err := writeHostname(folder, spec.Hostname); err != nil {
		return err
	}
	return seal(folder, unix.MountAttr{Attr_set: sealed})
}

// Rename gives another name to the sandbox whose mounts the calling thread has entered.
func Rename(hostname string) error {
	folder := filepath.Join("/", namesFolder)
	if err := unix.Sethostname([]byte(hostname)); err != nil {
		return fmt.Errorf("set host name: %w", err)
	}
	if err := seal(folder, unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY}); err != nil {
		return err
	}
	return errors.Join(writeHostname(folder, hostname), seal(folder, unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}))
}

// seal makes a folder's mount read-only, or writable again.
func seal(folder string, change unix.MountAttr) error {
	if err := unix.MountSetattr(-1, folder, 0, &change); err != nil {
		return fmt.Errorf("seal configuration: %w (needs Linux 5.12 or newer)", err)
	}
	return nil
}

// writeHostname writes the files that name a sandbox. A function's code may run in there
// already: no link is followed that it may have put in a file's place, and no pipe waited for.
func writeHostname(folder, hostname string) error {
	return writeFiles(folder, map[string]string{
		"hostname": hostname + "\n",
		"hosts":    "127.0.0.1 localhost " + hostname + "\n::1 localhost\n",
	})
}

func writeFiles(root string, files map[string]string) error {
	for name, text := range files {
		file, err := os.OpenFile(filepath.Join(root, name), os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o644)
		if err != nil {
			return fmt.Errorf("write configuration: %w", err)
		}
		_, err = file.WriteString(text)
		if err := errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("write configuration: %w", err)
		}
	}
	return nil
}
