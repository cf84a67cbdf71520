package egress

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"

	"github.com/minifaas/minifaas/internal/tun"
)

const (
	nic = 1
	// queued are the packets that may wait to be written to the device.
	queued = 256
	// timeWait is short, as nothing overtakes anything on the way to a sandbox.
	timeWait = tcpip.TCPTimeWaitTimeoutOption(1e9)
)

// network is gVisor's network stack, which answers in the name of every address there is.
type network struct {
	stack *stack.Stack
	link  *channel.Endpoint
}

func newNetwork(acceptTCP func(*tcp.ForwarderRequest), acceptUDP func(*udp.ForwarderRequest) bool) (*network, error) {
	n := &network{
		stack: stack.New(stack.Options{
			NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
			TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, udp.NewProtocol},
		}),
		link: channel.New(queued, tun.MTU, ""),
	}
	// The kernel on the other side has just computed them.
	n.link.LinkEPCapabilities = stack.CapabilityRXChecksumOffload
	if err := n.configure(); err != nil {
		n.close()
		return nil, err
	}
	n.stack.SetTransportProtocolHandler(tcp.ProtocolNumber, tcp.NewForwarder(n.stack, bufferBytes, connectionsPerLink, acceptTCP).HandlePacket)
	n.stack.SetTransportProtocolHandler(udp.ProtocolNumber, udp.NewForwarder(n.stack, acceptUDP).HandlePacket)
	return n, nil
}

func (n *network) configure() error {
	n.stack.SetRouteTable([]tcpip.Route{
		{Destination: header.IPv4EmptySubnet, NIC: nic},
		{Destination: header.IPv6EmptySubnet, NIC: nic},
	})
	sack, wait := tcpip.TCPSACKEnabled(true), timeWait
	for _, failed := range []tcpip.Error{
		n.stack.CreateNIC(nic, n.link),
		n.stack.SetPromiscuousMode(nic, true),
		n.stack.SetSpoofing(nic, true),
		n.stack.SetTransportProtocolOption(tcp.ProtocolNumber, &sack),
		n.stack.SetTransportProtocolOption(tcp.ProtocolNumber, &wait),
		n.stack.SetTransportProtocolOption(tcp.ProtocolNumber, &tcpip.TCPReceiveBufferSizeRangeOption{Min: tcp.MinBufferSize, Default: bufferBytes, Max: bufferBytes}),
		n.stack.SetTransportProtocolOption(tcp.ProtocolNumber, &tcpip.TCPSendBufferSizeRangeOption{Min: tcp.MinBufferSize, Default: bufferBytes, Max: bufferBytes}),
	} {
		if failed != nil {
			return fmt.Errorf("configure network stack: %w", errors.New(failed.String()))
		}
	}
	return nil
}

// receive takes what the sandbox sends, until the device is closed.
func (n *network) receive(device *os.File) {
	packet := make([]byte, tun.MTU)
	for {
		size, err := device.Read(packet)
		if err != nil {
			return
		}
		protocol := ipv4.ProtocolNumber
		if header.IPVersion(packet[:size]) == header.IPv6Version {
			protocol = ipv6.ProtocolNumber
		}
		incoming := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(packet[:size])})
		n.link.InjectInbound(protocol, incoming)
		incoming.DecRef()
	}
}

// send writes what the sandbox is to get, until ctx ends.
func (n *network) send(ctx context.Context, device *os.File) {
	for {
		outgoing := n.link.ReadContext(ctx)
		if outgoing == nil {
			return
		}
		view := outgoing.ToView()
		_, _ = device.Write(view.AsSlice()) // a packet that gets lost is sent again
		view.Release()
		outgoing.DecRef()
	}
}

// abort ends all connections, also those that are being made.
func (n *network) abort() { n.stack.Close() }

// close returns when nothing runs any more.
func (n *network) close() {
	n.link.Close()
	n.stack.Destroy()
}

// target is what the sandbox wants to reach: to the stack, its own side of the connection.
func target(id stack.TransportEndpointID) netip.AddrPort {
	address, _ := netip.AddrFromSlice(id.LocalAddress.AsSlice())
	return netip.AddrPortFrom(address.Unmap(), id.LocalPort)
}
