package egress

import (
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/tun"
)

// rules say where connections may go.
type rules struct{ deny []netip.Prefix }

// secrets are where clouds tell a machine its own credentials, as far as the rules for all do not
// cover that: 169.254.169.254 is link-local.
var secrets = []netip.Prefix{
	netip.MustParsePrefix("fd00:ec2::/32"),         // AWS
	netip.MustParsePrefix("fd20:ce::254/128"),      // Google
	netip.MustParsePrefix("168.63.129.16/32"),      // Azure
	netip.MustParsePrefix("192.0.0.192/32"),        // Oracle
	netip.MustParsePrefix("100.100.100.200/32"),    // Alibaba
	netip.MustParsePrefix("fd00:a9fe:a9fe::1/128"), // Linode
	netip.MustParsePrefix("fd00:42::42/128"),       // Scaleway
}

// Networks whose addresses have one of version 4 within, which a router may turn them into: NAT64
// (RFC 6052), and 6to4 (RFC 3056).
var (
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
	sixTo = netip.MustParsePrefix("2002::/16")
)

// within is the address that another one stands for.
func within(address netip.Addr) (netip.Addr, bool) {
	bytes := address.As16()
	switch {
	case nat64.Contains(address):
		return netip.AddrFrom4([4]byte(bytes[12:])), true
	case sixTo.Contains(address):
		return netip.AddrFrom4([4]byte(bytes[2:6])), true
	}
	return netip.Addr{}, false
}

// check fails for an address that is the host's, or nobody's, or denied.
func (r rules) check(address netip.Addr) error {
	address = address.Unmap()
	if !address.IsGlobalUnicast() || address.Is4() && address.As4()[0] == 0 {
		return fmt.Errorf("%s is no address of another machine", address)
	}
	if tun.Prefix.Contains(address) {
		return fmt.Errorf("%s is the sandbox's own", address)
	}
	for _, p := range secrets {
		if p.Contains(address) {
			return fmt.Errorf("%s tells the host's credentials", address)
		}
	}
	for _, p := range r.deny {
		if p.Contains(address) {
			return fmt.Errorf("%s is in %s, which is denied", address, p)
		}
	}
	if inner, ok := within(address); ok {
		if err := r.check(inner); err != nil {
			return fmt.Errorf("%s stands for another: %w", address, err)
		}
	}
	return unicast(address)
}

// unicast asks the kernel, which knows all addresses of the host.
func unicast(address netip.Addr) error {
	routes, err := netlink.RouteGet(address.AsSlice())
	if err != nil {
		return fmt.Errorf("find route to %s: %w", address, err)
	}
	for _, route := range routes {
		if route.Type != unix.RTN_UNICAST {
			return fmt.Errorf("%s is the host's", address)
		}
	}
	return nil
}
