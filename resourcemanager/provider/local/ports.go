package local

import (
	"fmt"
	"net"
	"strconv"
)

// ports hands out the ports of a range, round and round: a client that still
// has the address of a node that died should not meet another one there.
type ports struct {
	first, last int
	taken       int // how many were handed out so far
	used        map[int]bool
}

// take returns a port on which nothing listens now. Somebody may come before
// the node: then its start fails, and the next one gets another port.
func (p *ports) take() (int, error) {
	size := p.last - p.first + 1
	for range size {
		port := p.first + p.taken%size
		p.taken++
		if !p.used[port] && free(port) {
			p.used[port] = true
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free port in %d-%d", p.first, p.last)
}

func (p *ports) giveBack(port int) { delete(p.used, port) }

// free tries all addresses of the machine at once: a listener on any of them is in the way.
func free(port int) bool {
	lis, err := net.Listen("tcp", ":"+strconv.Itoa(port))
	if err != nil {
		return false
	}
	_ = lis.Close()
	return true
}
