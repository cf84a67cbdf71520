package jail

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/tun"
	containerservicepb "github.com/minifaas/minifaas/proto/containerservice"
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

// writeConfiguration writes the files that are the sandbox's own.
func writeConfiguration(root string, spec *containerservicepb.SandboxSpec) error {
	names := "# no network\n"
	if spec.GetEgress() {
		names = fmt.Sprintf("nameserver %s\n", tun.Gateway)
	}
	err := writeFiles(root, map[string]string{
		"etc/passwd":      "root:x:0:0:root:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
		"etc/group":       "root:x:0:\nnogroup:x:65534:\n",
		"etc/resolv.conf": names,
	})
	if err != nil {
		return err
	}
	return WriteHostname(root, spec.GetHostname())
}

// WriteHostname writes the files that name the sandbox whose root that is. A function's code
// may be in there already: no link is followed that it may have put in a file's place, and no
// pipe waited for.
func WriteHostname(root, hostname string) error {
	return writeFiles(root, map[string]string{
		"etc/hostname": hostname + "\n",
		"etc/hosts":    "127.0.0.1 localhost " + hostname + "\n::1 localhost\n",
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
