package egress

import (
	"io"
	"net"
	"testing"

	"github.com/minifaas/minifaas/nodeservice/sandbox/linux/egress/egresstest"
)

// BenchmarkTransfer sends 1 MiB to another machine and gets it back, from a sandbox and, to compare
// with, from the host itself.
func BenchmarkTransfer(b *testing.B) {
	w := newWorld(b)
	address := net.JoinHostPort(egresstest.Other, egresstest.Echo(b, w.other, egresstest.Other))
	for name, dial := range map[string]func(string, string) (net.Conn, error){"sandbox": w.sandbox.Dial, "host": net.Dial} {
		b.Run(name, func(b *testing.B) {
			conn, err := dial("tcp", address)
			egresstest.Must(b, err)
			defer conn.Close()
			chunk := make([]byte, 1<<20)
			b.SetBytes(2 * int64(len(chunk)))
			for b.Loop() {
				go func() { _, _ = conn.Write(chunk) }()
				_, err := io.CopyN(io.Discard, conn, int64(len(chunk)))
				egresstest.Must(b, err)
			}
		})
	}
}

// BenchmarkConnect connects to another machine, sends a byte and gets it back.
func BenchmarkConnect(b *testing.B) {
	w := newWorld(b)
	address := net.JoinHostPort(egresstest.Other, egresstest.Echo(b, w.other, egresstest.Other))
	for name, dial := range map[string]func(string, string) (net.Conn, error){"sandbox": w.sandbox.Dial, "host": net.Dial} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				conn, err := dial("tcp", address)
				egresstest.Must(b, err)
				_, err = conn.Write([]byte("x"))
				egresstest.Must(b, err)
				_, err = io.ReadFull(conn, make([]byte, 1))
				egresstest.Must(b, err)
				conn.Close()
			}
		})
	}
}
