package egress

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/minifaas/minifaas/internal/tun"
	"github.com/minifaas/minifaas/nodeservice/sandbox/linux/egress/egresstest"
)

func TestMain(m *testing.M) { os.Exit(egresstest.Run(m)) }

// world is a host with a sandbox in it, and another machine that echoes.
type world struct {
	sandbox, other *egresstest.Machine
	gateway        *Gateway
	link           *Link
}

func newWorld(t testing.TB, deny ...netip.Prefix) *world {
	t.Helper()
	w := &world{sandbox: egresstest.NewMachine(t), other: egresstest.NewMachine(t), gateway: New(deny, zaptest.NewLogger(t))}
	egresstest.PlugIn(t, w.other)
	w.link = w.attach(t, w.sandbox)
	return w
}

// attach gives the machine a way out.
func (w *world) attach(t testing.TB, m *egresstest.Machine) *Link {
	t.Helper()
	var device *os.File
	var err error
	m.Do(func() { device, err = tun.Open() })
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		t.Skip(err)
	}
	egresstest.Must(t, err)
	link, err := w.gateway.Attach(device, "sandbox")
	egresstest.Must(t, err)
	t.Cleanup(link.Close)
	return link
}

func TestConnection(t *testing.T) {
	w := newWorld(t)
	for _, address := range []string{egresstest.Other, egresstest.Other6} {
		conn, err := w.sandbox.Dial("tcp", net.JoinHostPort(address, egresstest.Echo(t, w.other, address)))
		if err != nil {
			t.Fatal(err)
		}
		sent := make([]byte, 8<<20)
		_, _ = rand.Read(sent)
		go func() {
			_, _ = conn.Write(sent)
			_ = conn.(*net.TCPConn).CloseWrite()
		}()
		got, err := io.ReadAll(conn)
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("%s: of 8 MiB came back %d bytes, equal: %v; %v", address, len(got), bytes.Equal(got, sent), err)
		}
		conn.Close()
	}
}

func TestDatagrams(t *testing.T) {
	w := newWorld(t)
	egresstest.EchoDatagrams(t, w.other, net.JoinHostPort(egresstest.Other, "7"))
	conn, err := w.sandbox.Dial("udp", net.JoinHostPort(egresstest.Other, "7"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, size := range []int{0, 1, 1400, 60_000} {
		sent := bytes.Repeat([]byte{'x'}, size)
		_, err := conn.Write(sent)
		got := make([]byte, largestDatagram)
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		n, failed := conn.Read(got)
		if err := errors.Join(err, failed); err != nil || !bytes.Equal(got[:n], sent) {
			t.Errorf("of %d bytes came back %d; %v", size, n, err)
		}
	}
}

// TestRefused: what does not listen there is told as it is.
func TestRefused(t *testing.T) {
	w := newWorld(t)
	if _, err := w.sandbox.Dial("tcp", net.JoinHostPort(egresstest.Other, "9")); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a closed port of the other machine: %v", err)
	}
}

// TestHostIsOutOfReach by any of its addresses, as are whom rules deny.
func TestHostIsOutOfReach(t *testing.T) {
	w := newWorld(t, netip.MustParsePrefix(egresstest.Other+"/32"))
	for _, address := range []string{egresstest.Host, egresstest.Host6, "198.51.100.255", "0.1.2.3", "169.254.169.254", "fe80::1%tun0", "224.0.0.1", tun.Gateway.String(), "fd00:ec2::254", egresstest.Other} {
		port := echoPort(t, address)
		if conn, err := w.sandbox.Dial("tcp", net.JoinHostPort(address, port)); err == nil {
			conn.Close()
			t.Errorf("a sandbox connects to %s", address)
		}
	}
	if echo := w.gateway.rules.check(netip.MustParseAddr("::ffff:127.0.0.1")); echo == nil {
		t.Error("the host's loopback may be connected to")
	}
}

// echoPort serves on all that is the host's, so that it would answer.
func echoPort(t *testing.T, address string) string {
	if parsed, err := netip.ParseAddr(address); err == nil && parsed.Is6() {
		return egresstest.Echo(t, nil, "::")
	}
	return egresstest.Echo(t, nil, "0.0.0.0")
}

// TestSandboxesAreOutOfReach of each other, though they have the same addresses.
func TestSandboxesAreOutOfReach(t *testing.T) {
	w := newWorld(t)
	neighbour := egresstest.NewMachine(t)
	w.attach(t, neighbour)
	port := egresstest.Echo(t, neighbour, "0.0.0.0")
	for _, address := range []string{tun.Address.String(), tun.Gateway.String(), "192.0.0.3"} {
		if conn, err := w.sandbox.Dial("tcp", net.JoinHostPort(address, port)); err == nil {
			conn.Close()
			t.Errorf("a sandbox connects to another at %s", address)
		}
	}
}

// TestNames: questions go to a name server of the host, also where that is the host itself, and
// to the next one if it does not answer, however many were asked at once.
func TestNames(t *testing.T) {
	w := newWorld(t)
	w.link.resolver.path = filepath.Join(t.TempDir(), "resolv.conf")
	egresstest.Must(t, os.WriteFile(w.link.resolver.path, []byte("# of the test\nnameserver 127.0.0.5\nnameserver "+egresstest.Other+"\n"), 0o600))
	silent, err := net.ListenPacket("udp", "127.0.0.5:53")
	egresstest.Must(t, err)
	defer silent.Close()
	egresstest.EchoDatagrams(t, w.other, net.JoinHostPort(egresstest.Other, "53"))
	for deadline := time.Now().Add(20 * time.Second); !w.ask(t, 4); {
		if time.Now().After(deadline) {
			t.Fatal("one that is silent is asked for ever")
		}
	}
	if !w.ask(t, 4) || !w.ask(t, 1) {
		t.Error("one that answers has lost its turn")
	}
}

// ask reports whether so many questions, asked at once, were all answered soon.
func (w *world) ask(t *testing.T, questions int) bool {
	var failed atomic.Bool
	var all sync.WaitGroup
	for range questions {
		conn, err := w.sandbox.Dial("udp", net.JoinHostPort(tun.Gateway.String(), "53"))
		egresstest.Must(t, err)
		_, err = conn.Write([]byte("who?"))
		egresstest.Must(t, err)
		all.Go(func() {
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(500 * time.Millisecond))
			if _, err := conn.Read(make([]byte, 4)); err != nil {
				failed.Store(true)
			}
		})
	}
	all.Wait()
	return !failed.Load()
}

// TestStandsFor: an address within another one is looked at.
func TestStandsFor(t *testing.T) {
	r := rules{deny: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	for _, address := range []string{"64:ff9b::10.1.2.3", "2002:a01:203::1", "64:ff9b::127.0.0.1", "::ffff:10.1.2.3"} {
		if err := r.check(netip.MustParseAddr(address)); err == nil || strings.Contains(err.Error(), "route") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestTooManyConnections(t *testing.T) {
	w := newWorld(t)
	port := egresstest.Echo(t, w.other, egresstest.Other)
	var conns []net.Conn
	defer func() {
		for _, conn := range conns {
			conn.Close()
		}
	}()
	for range connectionsPerLink {
		conn, err := w.sandbox.Dial("tcp", net.JoinHostPort(egresstest.Other, port))
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	if conn, err := w.sandbox.Dial("tcp", net.JoinHostPort(egresstest.Other, port)); err == nil {
		conn.Close()
		t.Error("there is no end to connections")
	}
	conns[0].Close()
	conns = slices.Delete(conns, 0, 1)
	for deadline := time.Now().Add(10 * time.Second); ; {
		conn, err := w.sandbox.Dial("tcp", net.JoinHostPort(egresstest.Other, port))
		if err == nil {
			conn.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("after one has ended: %v", err)
		}
	}
}

// TestClose: nothing is left of a sandbox's connections, on either side.
func TestClose(t *testing.T) {
	w := newWorld(t)
	conn, err := w.sandbox.Dial("tcp", net.JoinHostPort(egresstest.Other, egresstest.Echo(t, w.other, egresstest.Other)))
	egresstest.Must(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte("x"))
	egresstest.Must(t, err)
	w.link.Close()
	if w.gateway.quota.open > 0 || w.link.share.open > 0 {
		t.Errorf("%d connections are left", w.link.share.open)
	}
	if _, err := w.sandbox.Dial("tcp", net.JoinHostPort(egresstest.Other, "7")); !errors.Is(err, syscall.ENETUNREACH) {
		t.Errorf("without its device a sandbox gets %v", err)
	}
}
