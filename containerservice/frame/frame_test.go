package frame

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func TestRoundTrip(t *testing.T) {
	big := bytes.Repeat([]byte("x"), 3*small)
	var wire bytes.Buffer
	w := NewWriter(&wire)
	for _, err := range []error{
		w.Write(Ready, 0),
		w.WriteInvoke(1, Invocation{RequestID: "r\n1", DeadlineMS: 42}, []byte("event")),
		w.Write(Result, 1<<63, big),
		w.Write(Log, 7, []byte("a"), nil, []byte("b")),
		w.WriteFailure(Error, 9, Failure{Type: "T", Message: "m"}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := []struct {
		head    Header
		payload string
	}{
		{Header{0, Ready, 0}, ""},
		{Header{0, Invoke, 1}, `{"request_id":"r\n1","deadline_ms":42}` + "\nevent"},
		{Header{uint32(len(big)), Result, 1 << 63}, string(big)},
		{Header{2, Log, 7}, "ab"},
		{Header{36, Error, 9}, `{"errorType":"T","errorMessage":"m"}`},
	}
	want[1].head.Size = uint32(len(want[1].payload))
	r := NewReader(iotest.OneByteReader(&wire))
	for i, wt := range want {
		h, err := r.Next()
		if err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		p, err := r.Payload()
		if err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		if diff := cmp.Diff(wt.head, h); diff != "" {
			t.Errorf("frame %d: %s", i, diff)
		}
		if string(p) != wt.payload {
			t.Errorf("frame %d: payload %.80q, want %.80q", i, p, wt.payload)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("at the end: %v, want EOF", err)
	}
}

func TestReaderSkipsWhatWasNotRead(t *testing.T) {
	var wire bytes.Buffer
	w := NewWriter(&wire)
	_ = w.Write(Result, 1, make([]byte, 100_000))
	_ = w.Write(Ready, 2)
	r := NewReader(&wire)
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	if n, err := r.Read(make([]byte, 10)); n == 0 || err != nil {
		t.Fatalf("read %d, %v", n, err)
	}
	if h, err := r.Next(); err != nil || h.Call != 2 {
		t.Errorf("next frame: %+v, %v", h, err)
	}
}

func TestReaderTornFrame(t *testing.T) {
	var wire bytes.Buffer
	_ = NewWriter(&wire).Write(Result, 1, []byte("hello"))
	for cut := 1; cut < wire.Len(); cut++ {
		r := NewReader(bytes.NewReader(wire.Bytes()[:cut]))
		_, err := r.Next()
		if err == nil {
			_, err = r.Payload()
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut at %d: %v, want unexpected EOF", cut, err)
		}
	}
}

func TestParseFailure(t *testing.T) {
	if got := ParseFailure([]byte("not json")); got != (Failure{Type: "Error", Message: "not json"}) {
		t.Errorf("got %+v", got)
	}
}

// FuzzReader: whatever comes, the reader neither panics nor reads a payload
// longer than it was announced, and what it has read is written back alike.
func FuzzReader(f *testing.F) {
	var wire bytes.Buffer
	_ = NewWriter(&wire).WriteInvoke(3, Invocation{RequestID: "r"}, []byte("e"))
	_ = NewWriter(&wire).Write(Result, 3, []byte("hello"))
	f.Add(wire.Bytes())
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 5, 0, 0, 0, 0, 0, 0, 0, 1, 'x'})
	f.Fuzz(func(t *testing.T, in []byte) {
		var out bytes.Buffer
		w := NewWriter(&out)
		r := NewReader(bytes.NewReader(in))
		for {
			h, err := r.Next()
			if err != nil {
				break
			}
			if h.Size > 1<<20 {
				continue
			}
			p, err := r.Payload()
			if err != nil {
				break
			}
			if err := w.Write(h.Type, h.Call, p); err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(in, out.Bytes()) {
				t.Fatalf("wrote %x, read from %x", out.Bytes(), in)
			}
		}
	})
}
