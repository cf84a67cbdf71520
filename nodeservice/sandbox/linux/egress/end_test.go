package egress

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"go.uber.org/zap"

	"github.com/minifaas/minifaas/nodeservice/sandbox/linux/egress/egresstest"
)

// serve has connections to the other machine handled, and returns its address.
func (w *world) serve(t *testing.T, handle func(*net.TCPConn)) string {
	t.Helper()
	return net.JoinHostPort(egresstest.Other, egresstest.Serve(t, w.other, egresstest.Other, handle))
}

// TestReset: what was cut off does not look complete, on either side.
func TestReset(t *testing.T) {
	w := newWorld(t)
	reset := func(conn *net.TCPConn) {
		_, _ = conn.Write([]byte("part"))
		_, _ = io.ReadFull(conn, make([]byte, 2))
		_ = conn.SetLinger(0)
		conn.Close()
	}
	conn, err := w.sandbox.Dial("tcp", w.serve(t, reset))
	egresstest.Must(t, err)
	_, _ = conn.Write([]byte("ok"))
	if got, err := io.ReadAll(conn); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("of what the other machine cut off the sandbox reads %q, %v", got, err)
	}
	outcome := make(chan error)
	conn, err = w.sandbox.Dial("tcp", w.serve(t, func(conn *net.TCPConn) {
		defer conn.Close()
		_, _ = conn.Write([]byte("ok"))
		_, err := io.ReadAll(conn)
		outcome <- err
	}))
	egresstest.Must(t, err)
	reset(conn.(*net.TCPConn))
	if err := <-outcome; !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("what the sandbox cut off ends with %v", err)
	}
}

// TestUnread: a connection counts for as long as there is something in it that the sandbox does not read.
func TestUnread(t *testing.T) {
	w := newWorld(t)
	address := w.serve(t, func(conn *net.TCPConn) {
		defer conn.Close()
		_, _ = conn.Write(make([]byte, 110<<10))
		_ = conn.CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
	})
	dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 2048) })
	}}
	held := 0
	for range connectionsPerLink + 10 {
		var conn net.Conn
		var err error
		w.sandbox.Do(func() { conn, err = dialer.Dial("tcp", address) })
		if err != nil {
			continue
		}
		defer conn.Close()
		held++
		_ = conn.(*net.TCPConn).CloseWrite()
	}
	if held != connectionsPerLink {
		t.Errorf("%d connections hold what they were sent, of %d that may be", held, connectionsPerLink)
	}
}

// TestCloseUnderWay: a link ends at once, whatever its connections are about to do.
func TestCloseUnderWay(t *testing.T) {
	other := egresstest.NewMachine(t)
	egresstest.PlugIn(t, other)
	port, err := strconv.ParseUint(egresstest.Echo(t, other, egresstest.Other), 10, 16)
	egresstest.Must(t, err)
	to := netip.AddrPortFrom(netip.MustParseAddr(egresstest.Other), uint16(port))
	gateway := New(nil, zap.NewNop())
	for i := range 100 {
		device, sandbox := fakeDevice(t)
		go func() { _, _ = io.Copy(io.Discard, sandbox) }()
		link, err := gateway.Attach(device, "x")
		egresstest.Must(t, err)
		for from := range 40 {
			_, err := sandbox.Write(syn(uint16(20000+from), to))
			egresstest.Must(t, err)
		}
		time.Sleep(time.Duration(i%20) * 200 * time.Microsecond) // so that it ends at any stage
		closed := make(chan struct{})
		go func() {
			link.Close()
			close(closed)
		}()
		select {
		case <-closed:
		case <-time.After(20 * time.Second):
			t.Fatal("a link does not end")
		}
		sandbox.Close()
	}
	if gateway.quota.open > 0 {
		t.Errorf("%d connections are counted that are no more", gateway.quota.open)
	}
}

// TestShares: what one link holds leaves something to each other one.
func TestShares(t *testing.T) {
	q := quota{most: 20}
	var greedy, late share
	for q.reserve(&greedy) {
	}
	if greedy.open != connectionsAnyway+20 {
		t.Errorf("one alone has %d", greedy.open)
	}
	for q.reserve(&late) {
	}
	if late.open != connectionsAnyway {
		t.Errorf("another one gets %d", late.open)
	}
	for greedy.open > 0 {
		q.release(&greedy)
	}
	if q.open != 0 || !q.reserve(&late) {
		t.Errorf("%d are left, and the other one gets none of them", q.open)
	}
	q.end(&late)
	if q.reserve(&late) {
		t.Error("a link that has ended gets one")
	}
}

// TestBecomesTheHosts: an address that the host gets while it is being connected to.
func TestBecomesTheHosts(t *testing.T) {
	w := newWorld(t)
	const later = "192.0.2.61" // the other machine says nothing to what is not for it
	address, err := netlink.ParseAddr(later + "/32")
	egresstest.Must(t, err)
	egresstest.Must(t, netlink.RouteAdd(&netlink.Route{Dst: address.IPNet, Gw: net.ParseIP(egresstest.Other)}))
	lo, err := netlink.LinkByName("lo")
	egresstest.Must(t, err)
	port := egresstest.Echo(t, nil, "0.0.0.0")
	added := make(chan error)
	time.AfterFunc(100*time.Millisecond, func() { added <- netlink.AddrAdd(lo, address) }) // the kernel tries again after a second
	answered := make(chan error)
	go func() {
		conn, err := w.sandbox.Dial("tcp", net.JoinHostPort(later, port))
		if err == nil {
			conn.Close()
		}
		answered <- err
	}()
	egresstest.Must(t, <-added)
	defer func() { egresstest.Must(t, netlink.AddrDel(lo, address)) }()
	if err := <-answered; !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("the sandbox's connection to the host ends with %v", err)
	}
	if said := w.link.Refusals(); !strings.Contains(said, "is the host's") {
		t.Errorf("the function's log says %q", said)
	}
}
