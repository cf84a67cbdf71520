package egress

import (
	"bufio"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
)

const dnsPort = 53

// resolver says which of the host's name servers a sandbox asks.
type resolver struct {
	path  string // of resolv.conf
	place atomic.Uint32
}

// server is the one whose turn it is.
func (r *resolver) server() netip.AddrPort {
	servers := nameServers(r.path)
	return netip.AddrPortFrom(servers[int(r.place.Load())%len(servers)], dnsPort)
}

// skip has the next one asked from now on, if it is still this one's turn.
func (r *resolver) skip(silent netip.AddrPort) {
	if place := r.place.Load(); r.server() == silent {
		r.place.CompareAndSwap(place, place+1)
	}
}

// nameServers are read anew each time, as a host changes networks. Without any, resolv.conf(5) has
// one on the host itself.
func nameServers(path string) (servers []netip.Addr) {
	file, err := os.Open(path)
	if err == nil {
		defer file.Close()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			fields := strings.Fields(lines.Text())
			if len(fields) < 2 || fields[0] != "nameserver" {
				continue
			}
			if address, err := netip.ParseAddr(fields[1]); err == nil {
				servers = append(servers, address)
			}
		}
	}
	if len(servers) == 0 {
		servers = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	}
	return servers
}
