// Package tun is the network device of a sandbox that may reach out: a point-to-point
// link of the IP layer whose other end is a file in the node, and no link of the host's.
package tun

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	// Path of what devices are made from.
	Path = "/dev/net/tun"
	// MTU is far larger than on a wire, which these packets never see: fewer of them carry as much.
	MTU = 16 << 10
	// name is the device's in the sandbox.
	name = "tun0"
)

// Addresses in a sandbox, the same in each, as none sees another's. Those of version 4 are set
// apart for links within one machine (RFC 7335); that of version 6 is a unique local one (RFC 4193).
var (
	Prefix   = netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 0, 0}), 29)
	Gateway  = netip.AddrFrom4([4]byte{192, 0, 0, 1}) // answers on the port of DNS
	Address  = netip.AddrFrom4([4]byte{192, 0, 0, 2})
	Address6 = netip.AddrFrom16([16]byte{0: 0xfd, 'm', 'i', 'n', 'i', 'f', 'a', 'a', 's', 15: 2})
)

// Open makes the device in the network namespace of the calling thread, which needs the right to
// administer that, and gives it addresses and a route to everywhere. The file is the device's
// other end: packets are read from it and written to it, and without it the device is gone.
func Open() (*os.File, error) {
	fd, err := unix.Open(Path, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", Path, err)
	}
	if err := configure(fd); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("make network device: %w", err)
	}
	return os.NewFile(uintptr(fd), name), nil // only now, as what is no device yet is polled in vain
}

func configure(fd int) error {
	request, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		return err
	}
	link, err := netlink.LinkByName(name)
	if err == nil {
		err = netlink.LinkSetMTU(link, MTU)
	}
	if err == nil {
		err = netlink.LinkSetUp(link)
	}
	if err != nil {
		return err
	}
	if err := route(link, Address); err != nil {
		return err
	}
	if err := route(link, Address6); err != nil && !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.EACCES) {
		return err // else the kernel has no version 6, or does not want it
	}
	return nil
}

// route gives the link an address, by which everything of its version is reached.
func route(link netlink.Link, own netip.Addr) error {
	bits := own.BitLen()
	address := &netlink.Addr{IPNet: &net.IPNet{IP: own.AsSlice(), Mask: net.CIDRMask(bits, bits)}}
	if err := netlink.AddrAdd(link, address); err != nil {
		return fmt.Errorf("add address %s: %w", own, err)
	}
	all := &net.IPNet{IP: make(net.IP, bits/8), Mask: net.CIDRMask(0, bits)}
	if err := netlink.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Dst: all, Scope: netlink.SCOPE_LINK}); err != nil {
		return fmt.Errorf("add route: %w", err)
	}
	return nil
}
