package rpc

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// buffers counts those that are in use.
type buffers struct{ used atomic.Int32 }

func (b *buffers) Get(size int) *[]byte {
	b.used.Add(1)
	buffer := make([]byte, size)
	return &buffer
}

func (b *buffers) Put(*[]byte) { b.used.Add(-1) }

// TestConnTakesBuffersWhenThereIsSomethingToRead, of either kind of socket, from either end.
func TestConnTakesBuffersWhenThereIsSomethingToRead(t *testing.T) {
	for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": "@minifaas-test-" + t.Name()} {
		t.Run(network, func(t *testing.T) {
			lis, err := net.Listen(network, address)
			if err != nil {
				t.Fatal(err)
			}
			defer lis.Close()
			target := lis.Addr().String()
			if network == "unix" {
				target = "unix:" + target
			}
			dialled, err := connectTo(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			accepted, err := listener{lis}.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer accepted.Close()
			for _, ends := range [][2]net.Conn{{dialled, accepted}, {accepted, dialled}} {
				reader, ok := ends[0].(*conn)
				if !ok {
					t.Fatalf("a connection is a %T", ends[0])
				}
				pool := &buffers{}
				said := make(chan string, 1)
				go func() {
					buffer, n, err := reader.ReadOnReady(100, pool)
					if err != nil {
						t.Error(err)
						said <- ""
						return
					}
					said <- string((*buffer)[:n])
				}()
				time.Sleep(20 * time.Millisecond)
				if n := pool.used.Load(); n != 0 {
					t.Errorf("%d buffers while there was nothing to read", n)
				}
				_, _ = ends[1].Write([]byte("hello"))
				if got := <-said; got != "hello" || pool.used.Load() != 1 {
					t.Errorf("read %q into %d buffers", got, pool.used.Load())
				}
			}
			_ = dialled.Close()
			pool := &buffers{}
			if buffer, n, err := accepted.(*conn).ReadOnReady(100, pool); !errors.Is(err, io.EOF) || n != 0 || buffer != nil || pool.used.Load() != 0 {
				t.Errorf("at the end: %d bytes, %v, %d buffers", n, err, pool.used.Load())
			}
		})
	}
}

// TestConnEndsWhenThePeerIsDead: that is the kernel's to see, sooner than pings do.
func TestConnEndsWhenThePeerIsDead(t *testing.T) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	dialled, err := connectTo(t.Context(), lis.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer dialled.Close()
	accepted, err := listener{lis}.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	for _, end := range []net.Conn{dialled, accepted} {
		_ = end.(*conn).raw.Control(func(fd uintptr) {
			ms, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT)
			if got := time.Duration(ms) * time.Millisecond; got != keepaliveTimeout || err != nil {
				t.Errorf("unconfirmed for %v at most, want %v; %v", got, keepaliveTimeout, err)
			}
		})
	}
}
