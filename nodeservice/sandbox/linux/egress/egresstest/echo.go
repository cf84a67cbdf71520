package egresstest

import (
	"io"
	"net"
	"testing"
)

// Echo sends back what it gets, on a machine, nil for the host, and returns the port.
func Echo(t testing.TB, m *Machine, address string) string {
	t.Helper()
	return Serve(t, m, address, func(conn *net.TCPConn) {
		defer conn.Close()
		_, _ = io.Copy(conn, conn)
	})
}

// Serve has each connection handled, and returns the port; as Echo.
func Serve(t testing.TB, m *Machine, address string, handle func(*net.TCPConn)) string {
	t.Helper()
	var listener net.Listener
	var err error
	listen := func() { listener, err = net.Listen("tcp", net.JoinHostPort(address, "0")) }
	if m == nil {
		listen()
	} else {
		m.Do(listen)
	}
	Must(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go handle(conn.(*net.TCPConn))
		}
	}()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// EchoDatagrams serves on a machine.
func EchoDatagrams(t testing.TB, m *Machine, address string) {
	t.Helper()
	var conn net.PacketConn
	var err error
	m.Do(func() { conn, err = net.ListenPacket("udp", address) })
	Must(t, err)
	t.Cleanup(func() { conn.Close() })
	go func() {
		datagram := make([]byte, 64<<10)
		for {
			n, from, err := conn.ReadFrom(datagram)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(datagram[:n], from)
		}
	}()
}
