package nonblocking

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pair is two ends of a connection, of which the first is a Conn.
func pair(t *testing.T, network, address string) (net.Conn, net.Conn) {
	t.Helper()
	lis, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	theirs, err := net.Dial(network, lis.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := lis.Accept()
	if err != nil {
		t.Fatal(err)
	}
	ours := NewConn(accepted)
	if _, ok := ours.(*Conn); !ok {
		t.Fatalf("%s makes a %T", network, ours)
	}
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	return ours, theirs
}

// TestConn: all arrives, in messages small and large, also where one side waits for the other.
func TestConn(t *testing.T) {
	for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": filepath.Join(t.TempDir(), "socket")} {
		t.Run(network, func(t *testing.T) {
			ours, theirs := pair(t, network, address)
			var sent bytes.Buffer
			for _, size := range []int{1, 100, most, most + 1, 4 << 20} {
				sent.Write(bytes.Repeat([]byte{byte(size), byte(size >> 8), 7}, size/3+1))
			}
			echoed := make(chan error, 1)
			go func() {
				_, err := io.CopyBuffer(struct{ io.Writer }{theirs}, struct{ io.Reader }{theirs}, make([]byte, 1<<20))
				echoed <- err
			}()
			go func() {
				for rest, size := sent.Bytes(), 1; len(rest) > 0; size = size*3 + 1 {
					n := min(size, len(rest))
					if got, err := ours.Write(rest[:n]); got != n || err != nil {
						t.Errorf("wrote %d of %d: %v", got, n, err)
						return
					}
					rest = rest[n:]
				}
			}()
			got := make([]byte, sent.Len())
			if _, err := io.ReadFull(ours, got); err != nil || !bytes.Equal(got, sent.Bytes()) {
				t.Errorf("read something else, or %v", err)
			}
			ours.Close()
			if err := <-echoed; err != nil {
				t.Errorf("the other end: %v", err)
			}
		})
	}
}

func TestConnEnds(t *testing.T) {
	ours, theirs := pair(t, "tcp", "127.0.0.1:0")
	_ = ours.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if n, err := ours.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("past the deadline: %d, %v", n, err)
	}
	_ = ours.SetReadDeadline(time.Time{})
	if n, err := ours.Read(nil); n != 0 || err != nil {
		t.Errorf("read nothing: %d, %v", n, err)
	}
	_, _ = theirs.Write([]byte("last"))
	_ = theirs.Close()
	if said, err := io.ReadAll(ours); string(said) != "last" || err != nil {
		t.Errorf("read %q, %v", said, err)
	}
	var err error
	for tries := 0; err == nil && tries < 1000; tries++ { // until the other side has refused the first
		_, err = ours.Write([]byte("x"))
		time.Sleep(time.Millisecond)
	}
	if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("write to one that has gone: %v", err)
	}
	waiting := make(chan error, 1)
	other, _ := pair(t, "tcp", "127.0.0.1:0")
	go func() {
		_, err := other.Read(make([]byte, 1))
		waiting <- err
	}()
	time.Sleep(10 * time.Millisecond)
	other.Close()
	if err := <-waiting; !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed while reading: %v", err)
	}
}

// TestWriteBuffers: all arrives in order, between what is written as it is.
func TestWriteBuffers(t *testing.T) {
	ours, theirs := pair(t, "unix", filepath.Join(t.TempDir(), "socket"))
	go func() {
		defer ours.Close()
		_, _ = ours.Write([]byte("<"))
		_, _ = ours.(*Conn).WriteBuffers(&net.Buffers{[]byte("a"), bytes.Repeat([]byte("b"), 1<<20), []byte("c")})
		_, _ = ours.Write([]byte(">"))
	}()
	want := "<a" + strings.Repeat("b", 1<<20) + "c>"
	if got, err := io.ReadAll(theirs); string(got) != want || err != nil {
		t.Errorf("%d bytes came, %v; want the %d that were written", len(got), err, len(want))
	}
}

// TestConnOfNoSocket: there is nothing to read past the runtime.
func TestConnOfNoSocket(t *testing.T) {
	pipe, _ := net.Pipe()
	if NewConn(pipe) != pipe {
		t.Error("a pipe of the net package has become something else")
	}
}

// TestConnGoesOn where the kernel has taken a part of a message, and no more for now.
func TestConnGoesOn(t *testing.T) {
	for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": filepath.Join(t.TempDir(), "socket")} {
		ours, theirs := pair(t, network, address)
		if err := ours.(*Conn).Conn.(interface{ SetWriteBuffer(int) error }).SetWriteBuffer(4 << 10); err != nil {
			t.Fatal(err)
		}
		message := make([]byte, most)
		for i := range message {
			message[i] = byte(i * i >> 8)
		}
		const times = 100
		go func() {
			for range times {
				if n, err := ours.Write(message); n != len(message) || err != nil {
					t.Errorf("%s: wrote %d: %v", network, n, err)
				}
			}
			ours.Close()
		}()
		got, err := io.ReadAll(theirs)
		if err != nil || !bytes.Equal(got, bytes.Repeat(message, times)) {
			t.Errorf("%s: read %d bytes, want %d as they were written; %v", network, len(got), times*len(message), err)
		}
	}
}
