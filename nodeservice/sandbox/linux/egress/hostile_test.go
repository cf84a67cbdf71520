package egress

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"os"
	"testing"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/minifaas/minifaas/internal/tun"
)

// fakeDevice is a device with a test in place of a sandbox: packets that no kernel would send.
func fakeDevice(t testing.TB) (device, sandbox *os.File) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fds[0]), "device"), os.NewFile(uintptr(fds[1]), "sandbox")
}

// syn is the first packet of a connection, whose checksums are right.
func syn(from uint16, to netip.AddrPort) []byte {
	p := make([]byte, 40)
	copy(p, []byte{0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6})
	copy(p[12:], tun.Address.AsSlice())
	copy(p[16:], to.Addr().AsSlice())
	binary.BigEndian.PutUint16(p[20:], from)
	binary.BigEndian.PutUint16(p[22:], to.Port())
	p[32], p[33], p[34] = 5<<4, 2, 0xff
	binary.BigEndian.PutUint16(p[10:], checksum(p[:20], 0))
	binary.BigEndian.PutUint16(p[36:], checksum(p[20:], pseudo(p)))
	return p
}

// pseudo is the sum over what TCP's checksum covers of the other header.
func pseudo(p []byte) uint32 {
	sum := uint32(6 + len(p) - 20)
	for i := 12; i < 20; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(p[i:]))
	}
	return sum
}

func checksum(b []byte, sum uint32) uint16 {
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// answer is what comes back for a packet that is known to have an answer.
func answer(t testing.TB, sandbox *os.File) []byte {
	t.Helper()
	packet := make([]byte, tun.MTU)
	n, err := sandbox.Read(packet)
	if err != nil {
		t.Fatal(err)
	}
	return packet[:n]
}

// denied is where no sandbox of these tests gets.
var denied = netip.MustParseAddrPort("203.0.113.1:1")

// FuzzPackets: whatever a sandbox sends, the node goes on, and answers what is well-formed.
func FuzzPackets(f *testing.F) {
	f.Add(syn(40000, denied))
	f.Add([]byte{0x45})
	f.Add([]byte{0x60, 0, 0, 0, 0, 8, 44, 1})
	f.Add(bytes.Repeat([]byte{0xff}, 100))
	f.Fuzz(func(t *testing.T, packet []byte) {
		if len(packet) == 0 || len(packet) > tun.MTU {
			return // as the kernel sees to it
		}
		device, sandbox := fakeDevice(t)
		defer sandbox.Close()
		link, err := New([]netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}, zap.NewNop()).Attach(device, "fuzz")
		if err != nil {
			t.Fatal(err)
		}
		defer link.Close()
		for _, p := range [][]byte{packet, syn(40000, denied)} {
			if _, err := sandbox.Write(p); err != nil {
				t.Fatal(err)
			}
		}
		for {
			a := answer(t, sandbox)
			if len(a) >= 40 && a[9] == 6 && a[33]&4 != 0 && binary.BigEndian.Uint16(a[20:]) == denied.Port() {
				return // the reset for what may not be connected to
			}
		}
	})
}
